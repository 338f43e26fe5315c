// Files that are not a sound store of ours: each is refused with one clear line and stays, byte
// for byte, what it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "db/health.hpp"
#include "db/schema.hpp"
#include "db/sqlite.hpp"
#include "recipes/error.hpp"
#include "sample_store.hpp"

namespace perftune {
namespace {

using namespace test;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class HostileTest : public ::testing::Test {
 protected:
  // Made once and copied: every row is synced to the disk, which may be slow.
  static void SetUpTestSuite() {
    TemporaryFolder folder;
    Store store(folder / "store.db");
    const HardwareId hardware = store.put_hardware(sample_hardware());
    const OperatorId op = store.put_operator(sample_operator());
    const RunId run = store.begin_run("tune", 0);
    for (int i = 0; i < 12; ++i) {
      MeasurementRecord m = sample_measurement(op, hardware, i, 1.0 + i);
      m.outcome.detail.assign(1000, 'd');  // several pages
      store.record(run, m);
    }
    store.end_run(run, RunState::finished);
    sound_store() = read_bytes(folder / "store.db");
  }
  static std::string& sound_store() {
    static std::string bytes;
    return bytes;
  }

  HostileTest() { write_bytes(path_, sound_store()); }

  // Changes the store with the defences that only guard us switched off.
  void tamper(const std::string& sql) {
    sqlite::Database database(path_, sqlite::Access::read_write, 0);
    sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    database.execute(sql.c_str());
  }

  void expect_refused(const std::string& reason, bool check = false) {
    const std::string before = read_bytes(path_);
    for (const StoreMode mode : {StoreMode::read_only, StoreMode::read_write, StoreMode::create}) {
      try {
        Store store(path_, {.mode = mode, .busy_seconds = 0, .check = check});
        ADD_FAILURE() << "opened, although: " << reason;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::store);
        EXPECT_THAT(error.what(), HasSubstr(reason));
        EXPECT_THAT(error.what(), HasSubstr(path_));
        EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      }
    }
    EXPECT_TRUE(read_bytes(path_) == before) << "the file was changed";
    EXPECT_FALSE(std::filesystem::exists(path_ + "-journal"));
    EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "store.db";
};

TEST_F(HostileTest, Garbage) {
  write_bytes(path_, std::string(5000, 'x'));
  expect_refused("not a perftune store");
}

TEST_F(HostileTest, TextFile) {
  write_bytes(path_, "op: matmul\n");
  expect_refused("not a perftune store");
}

TEST_F(HostileTest, SomeoneElsesDatabase) {
  std::filesystem::remove(path_);
  sqlite::Database(path_, sqlite::Access::create, 0).execute("CREATE TABLE photos (x)");
  expect_refused("not a perftune store");
}

TEST_F(HostileTest, DamagedHeader) {
  std::string bytes = read_bytes(path_);
  bytes[3] = 'X';
  write_bytes(path_, bytes);
  expect_refused("not a perftune store");
}

TEST_F(HostileTest, Truncated) {
  const std::string bytes = read_bytes(path_);
  for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2, std::size_t{4096}}) {
    write_bytes(path_, bytes.substr(0, size));
    expect_refused("damaged");
  }
  write_bytes(path_, bytes.substr(0, 50));
  expect_refused("not a perftune store");
}

TEST_F(HostileTest, FlippedPagesAreFoundByTheCheck) {
  std::string bytes = read_bytes(path_);
  // A page in the middle, past its header.
  for (std::size_t at = bytes.size() / 8192 * 4096; at < bytes.size() / 8192 * 4096 + 64; ++at) {
    bytes[at] = '\x5a';
  }
  write_bytes(path_, bytes);
  expect_refused("damaged", true);
}

TEST_F(HostileTest, NewerVersion) {
  tamper("PRAGMA user_version = 99");
  expect_refused("written by a newer perftune (store version 99");
}

TEST_F(HostileTest, WriteAheadLog) {
  tamper("PRAGMA journal_mode = WAL");
  expect_refused("WAL mode");
}

TEST_F(HostileTest, ReadOnlyFileIsReadButNotWritten) {
  ASSERT_EQ(chmod(path_.c_str(), 0444), 0);
  const std::string before = read_bytes(path_);
  for (const StoreMode mode : {StoreMode::read_write, StoreMode::create}) {
    try {
      Store store(path_, {.mode = mode});
      ADD_FAILURE() << "opened a read-only file for writing";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::store);
      EXPECT_THAT(error.what(), HasSubstr("read-only"));
    }
  }
  Store store(path_, {.mode = StoreMode::read_only});
  EXPECT_EQ(info(store).rows.at("measurements"), 12);
  EXPECT_THROW(store.put_operator(sample_operator()), Error);
  EXPECT_TRUE(read_bytes(path_) == before);
}

TEST_F(HostileTest, MissingAndEmptyFiles) {
  std::filesystem::remove(path_);
  for (const StoreMode mode : {StoreMode::read_only, StoreMode::read_write}) {
    EXPECT_THROW(Store(path_, {.mode = mode}), Error);
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
  write_bytes(path_, "");
  EXPECT_THROW(Store(path_, {.mode = StoreMode::read_only}), Error);
  EXPECT_EQ(read_bytes(path_), "");
  EXPECT_NO_THROW(Store(path_, {.mode = StoreMode::create}));
}

TEST_F(HostileTest, FolderInsteadOfAFile) {
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_THROW(Store(path_, {.mode = StoreMode::create}), Error);
}

TEST_F(HostileTest, Trigger) {
  tamper("CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM measurements; END");
  expect_refused("unexpected trigger \"evil\"");
}

TEST_F(HostileTest, ViewInPlaceOfATable) {
  tamper("DROP TABLE models; CREATE VIEW models AS SELECT * FROM runs");
  expect_refused("unexpected view \"models\"");
}

TEST_F(HostileTest, ExpressionIndex) {
  tamper("CREATE INDEX evil ON runs (hex(command))");
  expect_refused("unexpected index \"evil\"");
}

TEST_F(HostileTest, AlteredTable) {
  tamper("ALTER TABLE runs ADD COLUMN evil TEXT AS (hex(command))");
  expect_refused("altered table \"runs\"");
}

TEST_F(HostileTest, MissingTable) {
  tamper("DROP TABLE samples");
  expect_refused("missing table \"samples\"");
}

TEST_F(HostileTest, RewrittenSchema) {
  tamper(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', "
      "'strict') WHERE name = 'runs'");
  expect_refused("altered table \"runs\"");
}

TEST_F(HostileTest, ForgedWordsAreDamageAndNotAMistakeOfOurs) {
  tamper("PRAGMA ignore_check_constraints = ON; UPDATE measurements SET outcome = 'glorious'");
  Store store(path_, {.mode = StoreMode::read_only});
  const Validity validity{sample_operator().signature, sample_toolchain(), "cache=cold threads=1"};
  const auto hardware = store.find_hardware(sample_hardware());
  ASSERT_TRUE(hardware);
  EXPECT_THROW(store.outcomes(*hardware, validity), Error);
  EXPECT_THAT(verify(store), Not(IsEmpty()));
}

TEST_F(HostileTest, VerifyNamesAlteredSourceOrphansAndImpossibleTimes) {
  const auto findings_after = [&](const std::string& sql) {
    tamper("PRAGMA foreign_keys = OFF;" + sql);
    Store store(path_, {.mode = StoreMode::read_only});
    std::string all;
    for (const Finding& finding : verify(store)) all += finding.what + "\n";
    return all;
  };
  EXPECT_EQ(findings_after(""), "");
  EXPECT_THAT(findings_after("UPDATE kernels SET source = 'int x;' WHERE id = 3"),
              ContainsRegex("kernel [0-9a-f]+: source does not match its hash"));
  EXPECT_THAT(findings_after("UPDATE kernels SET program = 'rm -rf /' WHERE id = 4"),
              HasSubstr("unreadable tile program"));
  EXPECT_THAT(findings_after("UPDATE measurements SET median_us = -1 WHERE id = 5"),
              HasSubstr("measurement 5: timed without a positive time"));
  EXPECT_THAT(findings_after("UPDATE samples SET samples_us = x'00' WHERE measurement = 6"),
              HasSubstr("measurement 6: 3 samples said, 0.125 kept"));
  EXPECT_THAT(findings_after("UPDATE measurements SET build = 12345 WHERE id = 7"),
              HasSubstr("measurements row 7 refers to a missing row of builds"));
  EXPECT_THAT(findings_after("DELETE FROM samples; DELETE FROM measurements WHERE id = 8"),
              HasSubstr("no measurement refers to it"));
}

}  // namespace
}  // namespace perftune
