#include "db/store.hpp"

#include <fmt/ranges.h>

#include <bit>
#include <chrono>
#include <random>
#include <span>

#include "db/digest.hpp"
#include "db/open.hpp"
#include "db/rows.hpp"
#include "db/sqlite.hpp"

namespace perftune {

using sqlite::Transaction;

Store::Store(const std::string& path, const StoreOptions& options)
    : database_(sqlite::open_store_file(path, options)) {}
Store::Store(Store&&) noexcept = default;
Store::~Store() = default;

const std::string& Store::path() const { return database_->path(); }

HardwareId Store::put_hardware(const HardwareRecord& hardware) {
  Transaction transaction(*database_);
  const HardwareId id = sqlite::put(*database_, hardware, sqlite::now_ms());
  transaction.commit();
  return id;
}

OperatorId Store::put_operator(const OperatorRecord& op) {
  Transaction transaction(*database_);
  const OperatorId id = sqlite::put(*database_, op);
  transaction.commit();
  return id;
}

RunId Store::begin_run(std::string_view command, std::int64_t seed) {
  // Drawn at random: two machines may start the same command in the same millisecond.
  std::random_device entropy;
  const std::string uid =
      fmt::format("{:08x}{:08x}{:08x}{:08x}", entropy(), entropy(), entropy(), entropy());
  Transaction transaction(*database_);
  database_
      ->query(
          "INSERT INTO runs (uid, command, seed, state, started_at_ms) "
          "VALUES (?, ?, ?, 'running', ?)")
      .bind(uid)
      .bind(command)
      .bind(seed)
      .bind(sqlite::now_ms())
      .run();
  const RunId id{database_->last_insert_id()};
  transaction.commit();
  return id;
}

void Store::end_run(RunId run, RunState state) {
  Transaction transaction(*database_);
  database_->query("UPDATE runs SET state = ?, ended_at_ms = ? WHERE id = ?")
      .bind(name(state))
      .bind(sqlite::now_ms())
      .bind(static_cast<std::int64_t>(run))
      .run();
  transaction.commit();
}

MeasurementId Store::record(RunId run, const MeasurementRecord& measurement) {
  Transaction transaction(*database_);
  const MeasurementId id = sqlite::put(*database_, run, measurement);
  transaction.commit();
  return id;
}

void Store::set_winner(RunId run, OperatorId op, HardwareId hardware, std::string_view policy,
                       const WinnerRecord& winner) {
  Transaction transaction(*database_);
  if (winner.basis == Basis::predicted) {
    sqlite::Query measured = database_->query(
        "SELECT 1 FROM winners w JOIN policies q ON q.id = w.policy WHERE w.operator = ? AND w.hardware = ? "
        "AND q.policy = ? AND w.basis = 'measured'");
    measured.bind(static_cast<std::int64_t>(op)).bind(static_cast<std::int64_t>(hardware)).bind(policy);
    if (measured.step()) return;
  }
  const std::int64_t kernel = sqlite::put(*database_, winner.kernel);
  const std::int64_t toolchain = sqlite::put(*database_, winner.toolchain);
  sqlite::put_winner(*database_,
                     {.op = static_cast<std::int64_t>(op),
                      .hardware = static_cast<std::int64_t>(hardware),
                      .policy = sqlite::put_policy(*database_, policy),
                      .build = sqlite::put_build(*database_, kernel, toolchain),
                      .run = static_cast<std::int64_t>(run)},
                     winner);
  transaction.commit();
}

void Store::put_model(std::string_view model_name, std::string_view summary,
                      std::span<const std::byte> weights) {
  const std::int64_t now = sqlite::now_ms();
  const std::string_view bytes(reinterpret_cast<const char*>(weights.data()), weights.size());
  const std::string uid = Digest().add(model_name).add(summary).add(bytes).hex();
  Transaction transaction(*database_);
  database_
      ->query(
          "INSERT INTO models (name, uid, trained_at_ms, summary, weights) "
          "VALUES (?, ?, ?, ?, ?) "
          "ON CONFLICT (uid) DO UPDATE SET trained_at_ms = excluded.trained_at_ms")
      .bind(model_name)
      .bind(uid)
      .bind(now)
      .bind(summary)
      .bind(weights)
      .run();
  transaction.commit();
}

}  // namespace perftune
