// Merging gives the same rows in any order and however often; pruning keeps what decides.
#include "db/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "db/health.hpp"
#include "db/other_shapes.hpp"
#include "db/prune.hpp"
#include "db/sqlite.hpp"
#include "db/suites.hpp"
#include "recipes/error.hpp"
#include "sample_store.hpp"

namespace perftune {
namespace {

using namespace test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Every row as text, without row numbers, sorted: equal for equal contents.
std::vector<std::string> contents(const std::string& path) {
  Store store(path, {.mode = StoreMode::read_only});
  std::vector<std::string> lines;
  for (const char* sql :
       {"SELECT name, vendor_name, kind, arch, units, description, described_at_ms FROM hardware",
        "SELECT signature, structure, family, dtype, flops, compulsory_bytes FROM operators",
        "SELECT o.signature, n.name, n.definition FROM operator_names n JOIN operators o ON o.id = "
        "n.operator",
        "SELECT o.signature, d.name, d.dim, d.extent FROM operator_dims d JOIN operators o ON o.id "
        "= d.operator",
        "SELECT kernel, family, target, program, language, entry, source, source_hash FROM kernels",
        "SELECT k.kernel, t.arch, t.flags, b.registers, b.shared_bytes, b.warnings, hex(b.binary), "
        "b.binary_hash FROM builds b JOIN kernels k ON k.id = b.kernel JOIN toolchains t ON t.id = b.toolchain",
        "SELECT uid, command, seed, state, started_at_ms, ended_at_ms FROM runs",
        "SELECT hex(m.uid), r.uid, o.signature, h.name, k.kernel, q.policy, p.driver, m.phase, "
        "m.outcome, m.detail, m.verified_by, m.median_us, m.spread, m.sample_count, "
        "m.predicted_us, m.limiter, m.roofline_us, m.clock_mhz, m.taken_at_ms, hex(s.samples_us) "
        "FROM measurements m JOIN runs r ON r.id = m.run JOIN operators o ON o.id = m.operator "
        "JOIN hardware h ON h.id = m.hardware JOIN builds b ON b.id = m.build JOIN kernels k ON "
        "k.id = b.kernel JOIN policies q ON q.id = m.policy JOIN provenances p ON p.id = "
        "m.provenance LEFT JOIN samples s ON s.measurement = m.id",
        "SELECT o.signature, h.name, q.policy, k.kernel, r.uid, w.basis, w.measured_us, "
        "w.predicted_us, w.ties, w.decided_at_ms FROM winners w JOIN operators o ON o.id = "
        "w.operator JOIN hardware h ON h.id = w.hardware JOIN policies q ON q.id = w.policy JOIN "
        "builds b ON b.id = w.build JOIN kernels k ON k.id = b.kernel JOIN runs r ON r.id = w.run",
        "SELECT o.signature, h.name, k.kernel, d.us FROM defaults d JOIN operators o ON o.id = d.operator "
        "JOIN hardware h ON h.id = d.hardware JOIN builds b ON b.id = d.build JOIN kernels k ON k.id = b.kernel",
        "SELECT o.signature, h.name, r.dim, r.low, r.high, k.kernel, r.regret FROM ranges r JOIN operators o "
        "ON o.id = r.operator JOIN hardware h ON h.id = r.hardware JOIN builds b ON b.id = r.build JOIN kernels k "
        "ON k.id = b.kernel",
        "SELECT s.suite, o.signature, s.weight FROM suites s JOIN operators o ON o.id = s.operator",
        "SELECT name, uid, trained_at_ms, summary, hex(weights) FROM models"}) {
    sqlite::Query row = store.database().query(sql);
    while (row.step()) {
      std::string line;
      for (int i = 0; i < row.columns(); ++i) {
        line += row.is_null(i) ? "NULL" : row.text(i);
        line += '|';
      }
      lines.push_back(line);
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

class MergeTest : public ::testing::Test {
 protected:
  std::string copy(const std::string& of, const std::string& name) {
    std::filesystem::copy_file(folder_ / of, folder_ / name,
                               std::filesystem::copy_options::overwrite_existing);
    return folder_ / name;
  }

  // Kernels [first, first + 6) of one operator, and a decision for it.
  void fill(const std::string& name, int first, Basis basis, std::int64_t decided_at_ms,
            const std::string& extra) {
    Store store(folder_ / name);
    HardwareRecord device = sample_hardware();
    device.description += "# " + extra + "\n";
    const HardwareId hardware = store.put_hardware(device);
    const OperatorId op = store.put_operator(sample_operator("matmul in " + extra));
    store.put_operator(sample_operator("only in " + extra, 7 + first));
    put_suite_member(store, {"suite", sample_operator().signature, 1.0 + first});
    put_suite_member(store, {"suite of " + extra, sample_operator("", 7 + first).signature, 2});
    const RunId run = store.begin_run("tune " + extra, first);
    for (int i = first; i < first + 6; ++i) {
      MeasurementRecord m = sample_measurement(op, hardware, i, 20.0 - i);
      m.outcome.binary = "binary of " + extra;
      m.provenance.driver = extra;
      store.record(run, m);
    }
    put_default(store, op, hardware, sample_kernel(first).id, sample_toolchain(), 11.0 + first);
    put_range(store, {op, hardware, "m", 1, 100 + first % 3, sample_kernel(first).id, sample_toolchain(), std::nullopt});
    store.set_winner(run, op, hardware, "cache=cold threads=1",
                     {.kernel = sample_kernel(first),
                      .toolchain = sample_toolchain(),
                      .basis = basis,
                      .measured_us = basis == Basis::measured ? std::optional(9.0) : std::nullopt,
                      .predicted_us = 8.0,
                      .decided_at_ms = decided_at_ms});
    const std::byte weights[1] = {std::byte{static_cast<unsigned char>(first)}};
    store.put_model("gpu", extra, weights);
    store.end_run(run, RunState::finished);
  }

  MergeReport merge_files(const std::string& into, const std::string& from, bool binaries = true) {
    Store to(folder_ / into, {.mode = StoreMode::read_write});
    Store other(folder_ / from, {.mode = StoreMode::read_only});
    return merge(to, other, {.binaries = binaries});
  }

  TemporaryFolder folder_;
};

TEST_F(MergeTest, OrderAndRepetitionDoNotShow) {
  fill("a.db", 0, Basis::measured, 1000, "a");
  fill("b.db", 4, Basis::predicted, 2000, "b");  // kernels 4 and 5 are in both
  fill("c.db", 8, Basis::measured, 1500, "c");
  copy("a.db", "abc.db");
  const MergeReport report = merge_files("abc.db", "b.db");
  EXPECT_EQ(report.added.at("measurements"), 6);
  EXPECT_EQ(report.added.at("kernels"), 4);
  EXPECT_EQ(report.added.at("winners"), 0);
  merge_files("abc.db", "c.db");
  copy("c.db", "cba.db");
  merge_files("cba.db", "b.db");
  merge_files("cba.db", "a.db");
  const auto merged = contents(folder_ / "abc.db");
  EXPECT_EQ(merged, contents(folder_ / "cba.db"));

  for (const char* again : {"a.db", "b.db", "c.db", "cba.db"}) {
    for (const auto& [table, rows] : merge_files("abc.db", again).added)
      EXPECT_EQ(rows, 0) << table;
  }
  EXPECT_EQ(merged, contents(folder_ / "abc.db"));

  Store store(folder_ / "abc.db");
  EXPECT_THAT(verify(store), IsEmpty());
  // Measured goes before predicted, later before earlier.
  const auto hardware = store.find_hardware(sample_hardware());
  ASSERT_TRUE(hardware);
  EXPECT_EQ(store.winner(sample_operator().signature, *hardware)->kernel.id, sample_kernel(8).id);
}

TEST_F(MergeTest, BinariesStayWhereTheyAreUnlessTrusted) {
  fill("a.db", 0, Basis::measured, 1000, "a");
  fill("b.db", 4, Basis::predicted, 2000, "b");  // kernels 4 and 5 are in both
  const auto binary = [&](const char* file, int kernel) {
    Store store(folder_ / file, {.mode = StoreMode::read_only});
    return store.binary(sample_kernel(kernel).id, sample_toolchain());
  };
  const std::string own = binary("a.db", 4), foreign = binary("b.db", 6);
  ASSERT_NE(own, "");
  ASSERT_NE(foreign, "");
  merge_files("a.db", "b.db", false);
  EXPECT_EQ(binary("a.db", 4), own);
  EXPECT_EQ(binary("a.db", 6), "");
  Store store(folder_ / "a.db");
  EXPECT_THAT(verify(store), IsEmpty());
  merge_files("a.db", "b.db", true);
  EXPECT_EQ(binary("a.db", 6), foreign);
}

TEST_F(MergeTest, RebuildingIndexesGivesTheSameStore) {
  fill("a.db", 0, Basis::measured, 1000, "a");
  fill("b.db", 4, Basis::predicted, 2000, "b");
  copy("a.db", "row_by_row.db");
  merge_files("row_by_row.db", "b.db");
  copy("a.db", "rebuilt.db");
  {
    Store to(folder_ / "rebuilt.db", {.mode = StoreMode::read_write});
    Store other(folder_ / "b.db", {.mode = StoreMode::read_only});
    merge(to, other, {.binaries = true, .rebuild_from = 1});
  }
  EXPECT_EQ(contents(folder_ / "rebuilt.db"), contents(folder_ / "row_by_row.db"));
  Store store(folder_ / "rebuilt.db", {.mode = StoreMode::read_only, .check = true});  // schema to the letter
  EXPECT_THAT(verify(store), IsEmpty());
}

TEST_F(MergeTest, IntoAnEmptyStoreIsACopy) {
  fill("a.db", 0, Basis::measured, 1000, "a");
  { Store empty(folder_ / "empty.db"); }
  merge_files("empty.db", "a.db");
  EXPECT_EQ(contents(folder_ / "empty.db"), contents(folder_ / "a.db"));
}

TEST_F(MergeTest, AnAlteredKernelIsRefusedAndNothingChanges) {
  fill("a.db", 0, Basis::measured, 1000, "a");
  fill("b.db", 4, Basis::measured, 2000, "b");
  {
    Store b(folder_ / "b.db");
    b.database().execute("UPDATE kernels SET source = 'evil' WHERE entry = 'kernel_4'");
  }
  const std::string before = read_bytes(folder_ / "a.db");
  try {
    merge_files("a.db", "b.db");
    FAIL() << "merged an altered kernel";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::store);
    EXPECT_THAT(error.what(), HasSubstr("differs from the one in"));
  }
  EXPECT_TRUE(read_bytes(folder_ / "a.db") == before);
}

TEST_F(MergeTest, DanglingReferencesAreRefused) {
  fill("a.db", 0, Basis::measured, 1000, "a");
  fill("b.db", 4, Basis::measured, 2000, "b");
  {
    Store b(folder_ / "b.db");
    b.database().execute(
        "PRAGMA foreign_keys = OFF; UPDATE measurements SET build = 999 WHERE id = 2");
  }
  const auto before = contents(folder_ / "a.db");
  EXPECT_THROW(merge_files("a.db", "b.db"), Error);
  EXPECT_EQ(contents(folder_ / "a.db"), before);
}

class PruneTest : public MergeTest {
 protected:
  PruneTest() {
    fill("a.db", 0, Basis::measured, 1000, "a");  // kernel i takes 20 - i us; kernel 0 won
    Store store(folder_ / "a.db");
    const HardwareId hardware = *store.find_hardware(sample_hardware());
    const OperatorId op = store.put_operator(sample_operator("old", 99));
    const RunId run = store.begin_run("old", 0);
    MeasurementRecord m = sample_measurement(op, hardware, 50, 1);
    m.provenance.taken_at_ms = 5;
    store.record(run, m);
    m = sample_measurement(op, hardware, 51, 1);
    m.outcome.kind = OutcomeKind::crashed;
    m.outcome.timing.reset();
    store.record(run, m);
    store.end_run(run, RunState::finished);
  }
  PruneReport prune_it(const PrunePolicy& policy, bool dry_run = false) {
    Store store(folder_ / "a.db");
    const PruneReport report = prune(store, policy, dry_run);
    for (const Finding& finding : verify(store)) {
      EXPECT_NE(finding.severity, Finding::Severity::damage) << finding.what;
    }
    return report;
  }
  std::int64_t rows(const std::string& table) {
    Store store(folder_ / "a.db");
    return info(store).rows.at(table);
  }
};

TEST_F(PruneTest, ByAge) {
  EXPECT_EQ(prune_it({.taken_before_ms = 1'000'000}).removed.at("measurements"), 1);
  EXPECT_EQ(rows("measurements"), 7);
}

TEST_F(PruneTest, FailuresAndWhatTheyAloneReferredTo) {
  EXPECT_EQ(prune_it({.failures = true}).removed.at("kernels"), 1);
  EXPECT_EQ(rows("measurements"), 7);
  prune_it({.taken_before_ms = 1'000'000});
  EXPECT_EQ(rows("operators"), 1);  // "old" and "only in a" had nothing left
  EXPECT_EQ(rows("runs"), 1);
}

TEST_F(PruneTest, AllButTheFastestKeepsTheWinner) {
  // Of six, the two fastest (kernels 5 and 4) and the winner (kernel 0, the slowest) stay.
  EXPECT_EQ(prune_it({.keep_fastest = 2}).removed.at("measurements"), 3);
  Store store(folder_ / "a.db");
  EXPECT_TRUE(store.kernel(sample_kernel(0).id));
  EXPECT_TRUE(store.kernel(sample_kernel(5).id));
  EXPECT_FALSE(store.kernel(sample_kernel(1).id));
}

TEST_F(PruneTest, WhatServesOtherShapesStays) {
  {
    Store store(folder_ / "a.db");
    put_default(store, *store.find_operator(sample_operator().signature), *store.find_hardware(sample_hardware()),
                sample_kernel(1).id, sample_toolchain(), 11.0);
  }
  prune_it({.keep_fastest = 1, .binaries = true});
  Store store(folder_ / "a.db");
  EXPECT_TRUE(store.kernel(sample_kernel(1).id));
  EXPECT_NE(store.binary(sample_kernel(1).id, sample_toolchain()), "");
  EXPECT_FALSE(store.kernel(sample_kernel(2).id));
  EXPECT_THAT(verify(store), IsEmpty());
}

TEST_F(PruneTest, SamplesAndBinariesOfAllButWinners) {
  const PruneReport report = prune_it({.samples = true, .binaries = true});
  EXPECT_EQ(report.removed.at("samples"), 6);  // five losers and the old one
  EXPECT_EQ(report.removed.at("binaries"), 5);
  EXPECT_EQ(report.removed.at("measurements"), 0);
  Store store(folder_ / "a.db");
  EXPECT_EQ(store.binary(sample_kernel(0).id, sample_toolchain()), "binary of a");
  EXPECT_EQ(store.binary(sample_kernel(1).id, sample_toolchain()), "");
}

TEST_F(PruneTest, ADryRunTellsAndKeeps) {
  const auto before = contents(folder_ / "a.db");
  EXPECT_EQ(prune_it({.failures = true}, true).removed.at("measurements"), 1);
  EXPECT_EQ(contents(folder_ / "a.db"), before);
  EXPECT_EQ(prune_it({.failures = true}).removed.at("measurements"), 1);
}

TEST_F(PruneTest, CompactGivesSpaceBack) {
  prune_it({.taken_before_ms = 2'000'000'000'000});
  Store store(folder_ / "a.db");
  const std::int64_t before = info(store).bytes;
  compact(store);
  EXPECT_LE(info(store).bytes, before);
  EXPECT_THAT(verify(store), IsEmpty());
}

}  // namespace
}  // namespace perftune
