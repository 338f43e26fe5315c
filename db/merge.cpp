#include "db/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "db/bulk.hpp"
#include "db/merge_device_facts.hpp"
#include "db/origins.hpp"
#include "db/rows.hpp"
#include "db/sqlite.hpp"
#include "recipes/error.hpp"

namespace perftune {

using sqlite::bind_same;
using sqlite::Query;

namespace {

// Row numbers of the source's table, in the destination.
using RowMap = std::unordered_map<std::int64_t, std::int64_t>;

class Merger {
 public:
  Merger(Store& into, Store& from, const MergeOptions& options)
      : path_(from.path()), options_(options), into_(into.database()), from_(from.database()) {}

  MergeReport run() {
    const sqlite::BulkSettings settings(into_);
    sqlite::Transaction reading(from_, sqlite::Transaction::Kind::read);
    sqlite::Transaction writing(into_);
    const auto before = counts();
    merge_hardware();
    merge_operators();
    merge_kernels();
    merge_simple("toolchains", toolchains_, {"arch", "codegen_version", "compiler", "flags"});
    merge_simple("policies", policies_, {"policy"});
    merge_simple("provenances", provenances_,
                 {"driver", "toolkit", "device_serial", "host", "perftune_version"});
    sqlite::merge_origins(into_, from_);
    merge_builds();
    merge_runs();
    merge_suites();
    merge_measurements();
    sqlite::merge_counters(into_, from_, [this](const char* table, std::int64_t row) {
      const std::string_view name = table;
      return at(name == "operators" ? operators_ : name == "hardware" ? hardware_ : builds_, row, table);
    });
    merge_winners();
    merge_other_shapes();
    merge_models();
    MergeReport report;
    for (const auto& [table, rows] : counts()) report.added[table] = rows - before.at(table);
    writing.commit();
    return report;
  }

 private:
  std::map<std::string, std::int64_t> counts() {
    std::map<std::string, std::int64_t> rows;
    for (const char* table : {"hardware", "operators", "kernels", "builds", "runs", "measurements",
                              "winners", "suites", "models"}) {
      Query row = into_.query(fmt::format("SELECT count(*) FROM {}", table));
      if (row.step()) rows[table] = row.integer(0);
    }
    return rows;
  }

  std::int64_t at(const RowMap& map, std::int64_t row, const char* table) const {
    const auto found = map.find(row);
    if (found != map.end()) return found->second;
    throw Error(ErrorKind::store,
                fmt::format("{}: the store is damaged (a row refers to missing row {} of {}); "
                            "nothing was merged",
                            path_, row, table));
  }

  void merge_hardware() {
    Query row = from_.query(
        "SELECT id, name, vendor_name, kind, arch, units, description, "
        "described_at_ms FROM hardware");
    while (row.step()) {
      const HardwareRecord record{row.text(1), row.text(2),    row.text(3),
                                  row.text(4), row.integer(5), row.text(6)};
      hardware_[row.integer(0)] =
          static_cast<std::int64_t>(sqlite::put(into_, record, row.integer(7)));
    }
  }

  void merge_operators() {
    Query row = from_.query(
        "SELECT id, signature, structure, family, dtype, flops, "
        "compulsory_bytes FROM operators");
    while (row.step()) {
      OperatorRecord record;
      record.signature = row.text(1);
      record.structure = row.text(2);
      record.family = row.text(3);
      record.dtype = row.text(4);
      record.flops = row.real(5);
      record.compulsory_bytes = row.real(6);
      const std::int64_t id = row.integer(0);
      operators_[id] = static_cast<std::int64_t>(sqlite::put(into_, record));
    }
    Query name = from_.query("SELECT operator, name, definition FROM operator_names");
    while (name.step()) {
      sqlite::put_operator_name(into_, at(operators_, name.integer(0), "operators"), name.view(1),
                                name.view(2));
    }
    Query dim = from_.query("SELECT operator, name, dim, extent FROM operator_dims");
    while (dim.step()) {
      sqlite::put_operator_dim(into_, at(operators_, dim.integer(0), "operators"), dim.view(1),
                               dim.view(2), dim.integer(3));
    }
  }

  void merge_kernels() {
    Query row = from_.query(
        "SELECT id, kernel, family, target, program, language, entry, source "
        "FROM kernels");
    while (row.step()) {
      Query known = into_.query("SELECT source, program FROM kernels WHERE kernel = ?");
      known.bind(row.view(1));
      if (known.step() &&
          (known.view(1) != row.view(4) ||
           (!known.view(0).empty() && !row.view(7).empty() && known.view(0) != row.view(7)))) {
        throw Error(ErrorKind::store,
                    fmt::format("{}: kernel {} differs from the one in {}; nothing was merged "
                                "(`perftune db verify` tells which store was altered)",
                                path_, row.view(1), into_.path()));
      }
      const KernelRecord record{row.text(1), row.text(2), row.text(3), row.text(4),
                                row.text(5), row.text(6), row.text(7)};
      kernels_[row.integer(0)] = sqlite::put(into_, record);
    }
  }

  // Tables that are nothing but a key.
  void merge_simple(const char* table, RowMap& map, const std::vector<std::string>& columns) {
    std::string list, marks, condition;
    for (const std::string& column : columns) {
      list += (list.empty() ? "" : ", ") + column;
      marks += marks.empty() ? "?" : ", ?";
      condition += (condition.empty() ? "" : " AND ") + column + " = ?";
    }
    Query row = from_.query(fmt::format("SELECT id, {} FROM {}", list, table));
    while (row.step()) {
      const auto bind_key = [&](Query& query) {
        for (int i = 1; i <= static_cast<int>(columns.size()); ++i) bind_same(query, row, i);
      };
      Query insert =
          into_.query(fmt::format("INSERT OR IGNORE INTO {} ({}) VALUES ({})", table, list, marks));
      bind_key(insert);
      insert.run();
      Query found = into_.query(fmt::format("SELECT id FROM {} WHERE {}", table, condition));
      bind_key(found);
      if (found.step()) map[row.integer(0)] = found.integer(0);
    }
  }

  void merge_builds() {
    Query row = from_.query(
        "SELECT id, kernel, toolchain, registers, shared_bytes, spill_bytes, "
        "stack_bytes, warnings, binary, binary_hash FROM builds");
    while (row.step()) {
      const std::int64_t id = sqlite::put_build(into_, at(kernels_, row.integer(1), "kernels"),
                                                at(toolchains_, row.integer(2), "toolchains"));
      builds_[row.integer(0)] = id;
      // Known facts replace unknown ones. Two compilations of one source may differ in a time
      // stamp: the greater row stays, whichever side it came from.
      Query update = into_.query(
          options_.binaries
              ? "UPDATE builds SET registers = ?1, shared_bytes = ?2, spill_bytes = ?3, stack_bytes = ?4, "
                "warnings = ?5, binary = ?6, binary_hash = ?7 WHERE id = ?8 AND "
                "(coalesce(registers, -1), coalesce(shared_bytes, -1), coalesce(spill_bytes, -1), "
                " coalesce(stack_bytes, -1), coalesce(warnings, ''), coalesce(binary, x''), coalesce(binary_hash, '')) < "
                "(coalesce(?1, -1), coalesce(?2, -1), coalesce(?3, -1), coalesce(?4, -1), "
                " coalesce(?5, ''), coalesce(?6, x''), coalesce(?7, ''))"
              : "UPDATE builds SET registers = ?1, shared_bytes = ?2, spill_bytes = ?3, stack_bytes = ?4, "
                "warnings = ?5 WHERE id = ?8 AND "
                "(coalesce(registers, -1), coalesce(shared_bytes, -1), coalesce(spill_bytes, -1), "
                " coalesce(stack_bytes, -1), coalesce(warnings, '')) < "
                "(coalesce(?1, -1), coalesce(?2, -1), coalesce(?3, -1), coalesce(?4, -1), coalesce(?5, ''))");
      const int last = options_.binaries ? 9 : 7;
      for (int column = 3; column <= last; ++column) bind_same(update, row, column);
      update.bind(id).run();
    }
  }

  void merge_runs() {
    Query row = from_.query(
        "SELECT id, uid, command, seed, state, started_at_ms, ended_at_ms "
        "FROM runs");
    while (row.step()) {
      Query insert = into_.query(
          "INSERT INTO runs (uid, command, seed, state, started_at_ms, ended_at_ms) "
          "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (uid) DO UPDATE SET state = excluded.state, "
          "ended_at_ms = excluded.ended_at_ms WHERE (coalesce(excluded.ended_at_ms, -1), "
          "excluded.state) > (coalesce(ended_at_ms, -1), state)");
      for (int column = 1; column <= 6; ++column) bind_same(insert, row, column);
      insert.run();
      Query found = into_.query("SELECT id FROM runs WHERE uid = ?");
      found.bind(row.view(1));
      if (found.step()) runs_[row.integer(0)] = found.integer(0);
    }
  }

  void merge_suites() {
    // Two weights of one call: the greater stays, whichever store came first.
    Query row = from_.query("SELECT suite, operator, weight FROM suites");
    Query insert = into_.query(
        "INSERT INTO suites (suite, operator, weight) VALUES (?, ?, ?) ON CONFLICT (suite, operator) "
        "DO UPDATE SET weight = excluded.weight WHERE excluded.weight > weight");
    while (row.step()) {
      insert.again().bind(row.view(0)).bind(at(operators_, row.integer(1), "operators"));
      insert.bind(row.real(2)).run();
    }
  }

  static std::int64_t count(sqlite::Database& database) {
    Query row = database.query("SELECT count(*) FROM measurements");
    return row.step() ? row.integer(0) : 0;
  }

  // How many rows are about to be added, from a thousand of them.
  std::int64_t new_rows() {
    const std::int64_t all = count(from_), step = std::max<std::int64_t>(1, all / 1000);
    Query row = from_.query("SELECT uid FROM measurements WHERE id % ? = 0");
    row.bind(step);
    Query known = into_.query("SELECT 1 FROM measurements WHERE uid = ?");
    std::int64_t looked = 0, missing = 0;
    for (; row.step(); ++looked) missing += known.again().bind(row.blob(0)).step() ? 0 : 1;
    return looked == 0 ? all : all * missing / looked;
  }

  void merge_measurements() {
    const std::int64_t coming = new_rows();
    sqlite::RebuiltIndexes indexes(into_, coming >= options_.rebuild_from && coming >= count(into_) / 4);
    Query row = from_.query(
        "SELECT m.run, m.operator, m.hardware, m.build, m.policy, m.provenance, m.uid, m.phase, "
        "m.outcome, m.detail, m.verified_by, m.median_us, m.spread, m.sample_count, "
        "m.predicted_us, m.predicted_low_us, m.predicted_high_us, m.limiter, m.roofline_us, "
        "m.compile_seconds, m.verify_seconds, m.measure_seconds, m.clock_mhz, m.taken_at_ms, "
        "s.samples_us, m.id FROM measurements m LEFT JOIN samples s ON s.measurement = m.id "
        "ORDER BY m.id");
    Query insert = into_.query(
        "INSERT INTO measurements (run, operator, hardware, build, policy, provenance, uid, "
        "phase, outcome, detail, verified_by, median_us, spread, sample_count, predicted_us, "
        "predicted_low_us, predicted_high_us, limiter, roofline_us, compile_seconds, "
        "verify_seconds, measure_seconds, clock_mhz, taken_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uid) DO NOTHING");
    Query samples = into_.query("INSERT INTO samples (measurement, samples_us) VALUES (?, ?)");
    std::vector<std::pair<std::int64_t, std::int64_t>> added;  // theirs, ours
    const std::vector<std::int64_t> described = sqlite::ids_with_conditions(from_);
    while (row.step()) {
      insert.again();
      insert.bind(at(runs_, row.integer(0), "runs"));
      insert.bind(at(operators_, row.integer(1), "operators"));
      insert.bind(at(hardware_, row.integer(2), "hardware"));
      insert.bind(at(builds_, row.integer(3), "builds"));
      insert.bind(at(policies_, row.integer(4), "policies"));
      insert.bind(at(provenances_, row.integer(5), "provenances"));
      for (int column = 6; column <= 23; ++column) bind_same(insert, row, column);
      insert.run();
      if (into_.changes() == 0) continue;
      if (std::ranges::binary_search(described, row.integer(25)))
        added.emplace_back(row.integer(25), into_.last_insert_id());
      if (row.is_null(24)) continue;
      samples.again().bind(into_.last_insert_id()).bind(row.blob(24)).run();
    }
    indexes.finish();
    for (const auto& [theirs, ours] : added) sqlite::merge_conditions(into_, from_, theirs, ours);
  }

  void merge_winners() {
    Query row = from_.query(
        "SELECT w.operator, w.hardware, w.policy, w.build, w.run, w.basis, w.measured_us, "
        "w.predicted_us, w.ties, w.decided_at_ms, w.roofline_us, k.kernel FROM winners w "
        "JOIN builds b ON b.id = w.build JOIN kernels k ON k.id = b.kernel");
    while (row.step()) {
      const std::int64_t op = at(operators_, row.integer(0), "operators");
      const std::int64_t hardware = at(hardware_, row.integer(1), "hardware");
      const std::int64_t policy = at(policies_, row.integer(2), "policies");
      Query ours = into_.query(
          "SELECT w.basis = 'measured', w.decided_at_ms, k.kernel, w.measured_us, w.predicted_us, "
          "w.ties FROM winners w JOIN builds b ON b.id = w.build JOIN kernels k ON k.id = b.kernel "
          "WHERE w.operator = ? AND w.hardware = ? AND w.policy = ?");
      ours.bind(op).bind(hardware).bind(policy);
      if (ours.step()) {
        // A total order, so that the same decision stays whichever store is merged first.
        const std::tuple theirs_rank(std::int64_t{row.view(5) == "measured"}, row.integer(9),
                                     row.view(11), row.real(6), row.real(7), row.view(8));
        const std::tuple ours_rank(ours.integer(0), ours.integer(1), ours.view(2), ours.real(3),
                                   ours.real(4), ours.view(5));
        if (!(ours_rank < theirs_rank)) continue;
      }
      Query insert = into_.query(
          "INSERT OR REPLACE INTO winners (operator, hardware, policy, build, run, basis, "
          "measured_us, predicted_us, ties, decided_at_ms, roofline_us) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
      insert.bind(op).bind(hardware).bind(policy);
      insert.bind(at(builds_, row.integer(3), "builds")).bind(at(runs_, row.integer(4), "runs"));
      for (int column = 5; column <= 10; ++column) bind_same(insert, row, column);
      insert.run();
    }
  }

  // Of two rows for one place the greater one stays, whichever store came first; builds compare by
  // kernel, since row numbers differ between stores.
  void merge_other_shapes() {
    Query row = from_.query(
        "SELECT d.operator, d.hardware, d.build, d.us, k.kernel FROM defaults d JOIN builds b ON b.id = d.build "
        "JOIN kernels k ON k.id = b.kernel");
    Query insert = into_.query(
        "INSERT INTO defaults (operator, hardware, build, us) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE "
        "SET build = excluded.build, us = excluded.us WHERE (SELECT (k.kernel, us) < (?5, ?4) FROM builds b "
        "JOIN kernels k ON k.id = b.kernel WHERE b.id = build)");
    while (row.step()) {
      insert.again().bind(at(operators_, row.integer(0), "operators")).bind(at(hardware_, row.integer(1), "hardware"));
      insert.bind(at(builds_, row.integer(2), "builds"));
      for (int column = 3; column <= 4; ++column) bind_same(insert, row, column);
      insert.run();
    }
    Query range = from_.query(
        "SELECT r.operator, r.hardware, r.dim, r.low, r.high, r.build, r.regret, k.kernel FROM ranges r "
        "JOIN builds b ON b.id = r.build JOIN kernels k ON k.id = b.kernel");
    Query put = into_.query(
        "INSERT INTO ranges (operator, hardware, dim, low, high, build, regret) VALUES (?1, ?2, ?3, ?4, ?5, "
        "?6, ?7) ON CONFLICT DO UPDATE SET low = excluded.low, high = excluded.high, build = excluded.build, "
        "regret = excluded.regret WHERE (SELECT (low, high, k.kernel, coalesce(regret, -1)) < (?4, ?5, ?8, "
        "coalesce(?7, -1)) FROM builds b JOIN kernels k ON k.id = b.kernel WHERE b.id = build)");
    while (range.step()) {
      put.again().bind(at(operators_, range.integer(0), "operators"));
      put.bind(at(hardware_, range.integer(1), "hardware"));
      for (int column = 2; column <= 4; ++column) bind_same(put, range, column);
      put.bind(at(builds_, range.integer(5), "builds"));
      for (int column = 6; column <= 7; ++column) bind_same(put, range, column);
      put.run();
    }
  }

  void merge_models() {
    Query row = from_.query("SELECT name, uid, trained_at_ms, summary, weights FROM models");
    while (row.step()) {
      Query insert = into_.query(
          "INSERT INTO models (name, uid, trained_at_ms, summary, weights) VALUES (?, ?, ?, ?, ?) "
          "ON CONFLICT (uid) DO UPDATE SET trained_at_ms = max(trained_at_ms, "
          "excluded.trained_at_ms)");
      for (int column = 0; column <= 4; ++column) bind_same(insert, row, column);
      insert.run();
    }
  }

  const std::string path_;
  const MergeOptions options_;
  sqlite::Database& into_;
  sqlite::Database& from_;
  RowMap hardware_, operators_, kernels_, toolchains_, policies_, provenances_, builds_, runs_;
};

}  // namespace

MergeReport merge(Store& into, Store& from, const MergeOptions& options) {
  return Merger(into, from, options).run();
}

}  // namespace perftune
