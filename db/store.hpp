// The store: every operator, kernel and outcome that this machine has seen, in one SQLite file.
//
// Call order: open, put_hardware and put_operator, begin_run, (record)*, set_winner, end_run.
// Every call that writes is one committed, synced transaction: after kill -9 or a power cut,
// whatever returned is there and nothing is half there. Reading needs no run.
//
// Threading: one thread at a time per Store. Any number of processes may read while one writes; a
// second writer waits up to `busy_seconds`. Rollback journal, not WAL, so that a store at rest is
// one file and works on network file systems.
//
// Failure: Error{store} with one line (missing, damaged, newer, foreign, read-only, locked, full);
// a file that is refused is not touched. A candidate's failure is data and is recorded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/records.hpp"

namespace perftune {

namespace sqlite {
class Database;
}

enum class StoreMode {
  create,      // read and write; made with its folders when missing
  read_write,  // must exist
  read_only,   // must exist and be of the current version
};

struct StoreOptions {
  StoreMode mode = StoreMode::create;
  double busy_seconds = 10;  // how long to wait for another writer before Error{store}
  bool check = false;        // read every page first: seconds per GB, finds damage early
};

class Store {
 public:
  explicit Store(const std::string& path, const StoreOptions& options = {});
  Store(Store&&) noexcept;
  ~Store();

  HardwareId put_hardware(const HardwareRecord& hardware);
  OperatorId put_operator(const OperatorRecord& op);

  RunId begin_run(std::string_view command, std::int64_t seed);
  void end_run(RunId run, RunState state);

  MeasurementId record(RunId run, const MeasurementRecord& measurement);

  // The latest outcome of every kernel and phase under `validity`: what a resumed run skips.
  std::vector<RecordedOutcome> outcomes(HardwareId hardware, const Validity& validity);
  // Candidates whose latest outcome on this hardware is `pending`, best prediction first.
  std::vector<PendingCandidate> pending(HardwareId hardware);

  // Replaces the winner of (operator, hardware, policy); but a prediction never replaces a measurement.
  void set_winner(RunId run, OperatorId op, HardwareId hardware, std::string_view policy,
                  const WinnerRecord& winner);
  // Exact lookup; nullopt when nothing was decided. An empty policy takes the latest decision,
  // measured before predicted.
  std::optional<WinnerRecord> winner(std::string_view signature, HardwareId hardware,
                                     std::string_view policy = {});

  std::optional<HardwareId> find_hardware(const HardwareRecord& hardware);
  std::optional<OperatorId> find_operator(std::string_view signature);
  // A kernel by its id or by a prefix of it that names one; Error{usage} when it names several.
  std::optional<KernelRecord> kernel(std::string_view id_prefix);

  std::vector<double> samples(MeasurementId measurement);                      // microseconds
  std::string binary(std::string_view kernel_id, const Toolchain& toolchain);  // empty: none

  // A trained model by name; the newest one is read back.
  void put_model(std::string_view name, std::string_view summary,
                 std::span<const std::byte> weights);
  std::optional<std::vector<std::byte>> model(std::string_view name);
  std::string model_summary(std::string_view name);  // of the same; empty: there is none

  const std::string& path() const;
  sqlite::Database& database() { return *database_; }  // for the other files of db/

 private:
  std::unique_ptr<sqlite::Database> database_;
};

}  // namespace perftune
