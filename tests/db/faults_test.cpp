// What goes wrong around a store: crashes, full disks, other writers. Whatever record() returned
// for is there afterwards, and nothing is half there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "db/health.hpp"
#include "db/merge.hpp"
#include "db/rows.hpp"
#include "db/schema.hpp"
#include "db/sqlite.hpp"
#include "recipes/error.hpp"
#include "sample_store.hpp"

namespace perftune {
namespace {

using namespace test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_), 0); }
  ~Pipe() {
    close_writer();
    close(ends_[0]);
  }
  void close_writer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  void put() { EXPECT_EQ(write(ends_[1], "x", 1), 1); }
  bool get() {  // false at the end
    char c = 0;
    return read(ends_[0], &c, 1) == 1;
  }

 private:
  int ends_[2];
};

// Runs `work` in a child process; its result is the exit status.
pid_t in_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    int status = 99;
    try {
      status = work();
    } catch (const std::exception&) {
    }
    _exit(status);
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// Records kernels first, first + 1, ... and calls `recorded` after each that returned.
void record_many(const std::string& path, int first, int count,
                 const std::function<void()>& recorded) {
  Store store(path);
  const HardwareId hardware = store.put_hardware(sample_hardware());
  const OperatorId op = store.put_operator(sample_operator());
  const RunId run = store.begin_run("tune", 0);
  for (int i = first; i < first + count; ++i) {
    store.record(run, sample_measurement(op, hardware, i, 1.0 + i));
    recorded();
  }
}

std::int64_t measurements(const std::string& path) {
  Store store(path, {.mode = StoreMode::read_write});
  EXPECT_THAT(verify(store),
              ::testing::Each(::testing::Field(&Finding::severity, Finding::Severity::note)));
  return info(store).rows.at("measurements");
}

TEST(FaultsTest, KillLosesAtMostTheRowBeingWritten) {
  TemporaryFolder folder;
  const std::string path = folder / "store.db";
  std::int64_t before = 0;
  for (int round = 0; round < 8; ++round) {
    Pipe pipe;
    const pid_t child = in_child([&] {
      record_many(path, round * 100000, 100000, [&] { pipe.put(); });
      return 0;
    });
    pipe.close_writer();
    std::int64_t acknowledged = 0;
    while (acknowledged < 3 + round && pipe.get()) ++acknowledged;
    usleep(static_cast<useconds_t>(137 * round));  // into the middle of another one
    kill(child, SIGKILL);
    EXPECT_EQ(wait_for(child), -SIGKILL);
    while (pipe.get()) ++acknowledged;
    const std::int64_t kept = measurements(path) - before;
    EXPECT_GE(kept, acknowledged);
    EXPECT_LE(kept, acknowledged + 1);  // committed, but killed before it could say so
    before += kept;
  }
}

TEST(FaultsTest, KillWhileTheStoreIsMadeLeavesAUsableFile) {
  for (const int microseconds : {0, 300, 1000, 3000, 6000, 10000}) {
    TemporaryFolder folder;
    const std::string path = folder / "store.db";
    const pid_t child = in_child([&] {
      record_many(path, 0, 100000, [] {});
      return 0;
    });
    usleep(static_cast<useconds_t>(microseconds));
    kill(child, SIGKILL);
    wait_for(child);
    record_many(path, 500000, 1, [] {});
    EXPECT_GE(measurements(path), 1) << "killed after " << microseconds << " us";
  }
}

TEST(FaultsTest, FileSizeLimitIsAStoreErrorAndKeepsWhatWasRecorded) {
  TemporaryFolder folder;
  const std::string path = folder / "store.db";
  Pipe pipe;
  const pid_t child = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{400'000, 400'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      record_many(path, 0, 100000, [&] { pipe.put(); });
    } catch (const Error& error) {
      return error.kind() == ErrorKind::store ? 5 : 1;
    }
    return 0;
  });
  pipe.close_writer();
  std::int64_t acknowledged = 0;
  while (pipe.get()) ++acknowledged;
  EXPECT_EQ(wait_for(child), 5);
  EXPECT_GT(acknowledged, 10);
  EXPECT_EQ(measurements(path), acknowledged);
}

TEST(FaultsTest, FullDiskIsAStoreErrorAndKeepsWhatWasRecorded) {
  TemporaryFolder folder;
  const std::string mount_point = folder / "disk";
  std::filesystem::create_directory(mount_point);
  if (mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=512k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs needs root";
  }
  const std::string path = mount_point + "/store.db";
  std::int64_t recorded = 0;
  std::string message;
  try {
    record_many(path, 0, 100000, [&] { ++recorded; });
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::store);
    message = error.what();
  }
  EXPECT_THAT(message, HasSubstr("disk full"));
  EXPECT_GT(recorded, 10);
  // Reading needs no space; a journal left by the failed write is rolled back.
  EXPECT_EQ(measurements(path), recorded);
  umount(mount_point.c_str());
}

TEST(FaultsTest, FullDiskWhileMergingLeavesBothStoresAsTheyWere) {
  TemporaryFolder folder;
  const std::string mount_point = folder / "disk", from_path = folder / "from.db";
  {
    Store from(from_path);
    const HardwareId hardware = from.put_hardware(sample_hardware());
    const OperatorId op = from.put_operator(sample_operator());
    const RunId run = from.begin_run("tune", 0);
    sqlite::Transaction together(from.database());  // seven hundred synced ones take 15 s
    for (int i = 0; i < 700; ++i) sqlite::put(from.database(), run, sample_measurement(op, hardware, i, 1.0 + i));
    together.commit();
  }
  std::filesystem::create_directory(mount_point);
  if (mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=480k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs needs root";
  }
  const std::string into_path = mount_point + "/store.db";
  record_many(into_path, 5000, 1, [] {});
  const std::string from_before = read_bytes(from_path), into_before = read_bytes(into_path);
  {
    Store into(into_path, {.mode = StoreMode::read_write});
    Store from(from_path, {.mode = StoreMode::read_only});
    try {
      merge(into, from);
      ADD_FAILURE() << "merged " << from_before.size() << " bytes into 480 KiB";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::store);
      EXPECT_THAT(error.what(), HasSubstr("disk full"));
    }
    EXPECT_EQ(info(into).rows.at("measurements"), 1);  // the same connection goes on
  }
  EXPECT_TRUE(read_bytes(from_path) == from_before);
  EXPECT_TRUE(read_bytes(into_path) == into_before);
  Store into(into_path, {.mode = StoreMode::read_only, .check = true});
  for (const Finding& finding : verify(into)) EXPECT_EQ(finding.severity, Finding::Severity::note) << finding.what;
  umount2(mount_point.c_str(), MNT_DETACH);
}

TEST(FaultsTest, TwoWritersAndAReaderShareAStore) {
  TemporaryFolder folder;
  const std::string path = folder / "store.db";
  record_many(path, 0, 1, [] {});
  const pid_t first = in_child([&] {
    record_many(path, 1000, 40, [] {});
    return 0;
  });
  const pid_t second = in_child([&] {
    record_many(path, 2000, 40, [] {});
    return 0;
  });
  Store reader(path, {.mode = StoreMode::read_only});
  std::int64_t seen = 0;
  for (int i = 0; i < 50; ++i) {
    const std::int64_t now = info(reader).rows.at("measurements");
    EXPECT_GE(now, seen);
    seen = now;
  }
  EXPECT_EQ(wait_for(first), 0);
  EXPECT_EQ(wait_for(second), 0);
  EXPECT_EQ(measurements(path), 81);
}

TEST(FaultsTest, ALockedStoreSaysSo) {
  TemporaryFolder folder;
  const std::string path = folder / "store.db";
  record_many(path, 0, 1, [] {});
  sqlite::Database other(path, sqlite::Access::read_write, 0);
  other.execute("BEGIN EXCLUSIVE");
  try {
    Store store(path, {.mode = StoreMode::read_write, .busy_seconds = 0.05});
    FAIL() << "opened a locked store";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::store);
    EXPECT_THAT(error.what(), HasSubstr("locked by another process"));
  }
}

// A store of every earlier version is brought up to date; this grows with each migration.
TEST(MigrationTest, EveryVersionComesUpToDate) {
  for (int version = 1; version <= sqlite::schema_version(); ++version) {
    TemporaryFolder folder;
    const std::string path = folder / "store.db";
    {
      sqlite::Database database(path, sqlite::Access::create, 0);
      database.execute("BEGIN");
      sqlite::migrate(database, 0, version);
      database.execute("COMMIT");
      database.execute("INSERT INTO policies (policy) VALUES ('kept')");
    }
    if (version < sqlite::schema_version()) {
      EXPECT_THROW(Store(path, {.mode = StoreMode::read_only}), Error);
    }
    Store store(path, {.mode = StoreMode::read_write});
    EXPECT_EQ(info(store).rows.at("policies"), 1);
    EXPECT_THAT(verify(store), IsEmpty());
    EXPECT_NO_THROW(Store(path, {.mode = StoreMode::read_only}));
  }
}

}  // namespace
}  // namespace perftune
