// Every fault costs its own job and nothing else.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <set>
#include <sstream>
#include <thread>

#include "executor/child_process.hpp"
#include "executor/file_descriptor.hpp"
#include "profiler/worker_pool.hpp"
#include "profiler/worker_protocol.hpp"

namespace perftune {
namespace {

using testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // shadow memory needs terabytes of address space
#else
constexpr bool kSanitized = false;
#endif

WorkerOptions options(int workers = 2) {
  WorkerOptions result;
  result.workers = workers;
  result.address_space_bytes = kSanitized ? 0 : std::int64_t{512} << 20;
  return result;
}

struct Fault {
  const char* job;
  OutcomeKind kind;
  const char* detail;
};

class WorkerFault : public testing::TestWithParam<Fault> {};

TEST_P(WorkerFault, CostsThatJobAlone) {
  if (kSanitized && std::string(GetParam().job) == "memory_hog") GTEST_SKIP();
  WorkerPool pool(options());
  // Good jobs beside it and after it, on both workers.
  std::set<Ticket> good;
  good.insert(pool.submit({"echo", {"before", {}, false}, 30}));
  const Ticket bad = pool.submit({GetParam().job, {"x", {}, false}, 2});
  for (int i = 0; i < 4; ++i) good.insert(pool.submit({"echo", {"after", {}, false}, 30}));
  while (const std::optional<JobResult> result = pool.wait_any()) {
    ASSERT_FALSE(result->error);
    if (result->ticket == bad) {
      ASSERT_TRUE(result->failure);
      EXPECT_EQ(result->failure->kind, GetParam().kind);
      EXPECT_THAT(result->failure->detail, HasSubstr(GetParam().detail));
    } else {
      EXPECT_FALSE(result->failure) << result->failure->detail;
      EXPECT_EQ(good.erase(result->ticket), 1u);
    }
  }
  EXPECT_TRUE(good.empty());
  EXPECT_EQ(pool.outstanding(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Faults, WorkerFault,
                         testing::Values(Fault{"segv", OutcomeKind::crashed, "SIGSEGV"},
                                         Fault{"fpe", OutcomeKind::crashed, "SIGFPE"},
                                         Fault{"abort", OutcomeKind::crashed, "SIGABRT"},
                                         Fault{"hang", OutcomeKind::timed_out, "deadline of 2 s"},
                                         Fault{"hang_deaf", OutcomeKind::timed_out, "deadline"},
                                         Fault{"exit", OutcomeKind::crashed, "exit code 0"},
                                         Fault{"garbage", OutcomeKind::crashed, "no frame"},
                                         Fault{"half_a_frame", OutcomeKind::crashed, "exit code 0"},
                                         Fault{"bad_checksum", OutcomeKind::crashed, "checksum"},
                                         Fault{"oversized", OutcomeKind::crashed, "oversized"},
                                         Fault{"wrong_id", OutcomeKind::crashed, "not asked"},
                                         Fault{"memory_hog", OutcomeKind::crashed, "memory"},
                                         Fault{"throw_other", OutcomeKind::crashed, "a bug"},
                                         Fault{"no_such_job", OutcomeKind::crashed, "no_such_job"}),
                         [](const auto& instance) { return std::string(instance.param.job); });

TEST(WorkerPool, ValuesAndBytesArriveWhole) {
  WorkerPool pool(options(1));
  std::string bytes(5'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7919 >> 3);
  const Ticket ticket = pool.submit({"echo", {R"({"a": [1, "\u0000"]})", bytes, false}, 30});
  const JobResult result = pool.wait(ticket);
  ASSERT_FALSE(result.failure) << result.failure->detail;
  EXPECT_EQ(result.value.json, R"({"a": [1, "\u0000"]})");
  EXPECT_TRUE(result.value.attachment == bytes);
}

TEST(WorkerPool, TheEnvironmentsErrorIsNoFailureOfTheJob) {
  WorkerPool pool(options(1));
  pool.submit({"throw_error", {}, 30});
  const std::optional<JobResult> result = pool.wait_any();
  ASSERT_TRUE(result && result->error);
  EXPECT_FALSE(result->failure);
  EXPECT_EQ(result->error->kind(), ErrorKind::unavailable);
  EXPECT_STREQ(result->error->what(), "no toolkit here");
}

std::string pid_of(WorkerPool& pool, JobRequest request) {
  const JobResult result = pool.wait(pool.submit(std::move(request)));
  EXPECT_FALSE(result.failure);
  return result.value.json;
}

TEST(WorkerPool, WorkersLiveOnUnlessRetiredOrFreshIsAsked) {
  WorkerPool pool(options(1));
  const std::string first = pid_of(pool, {"pid", {}, 30});
  EXPECT_EQ(pid_of(pool, {"pid_and_retire", {}, 30}), first);
  const std::string second = pid_of(pool, {"pid", {}, 30});
  EXPECT_NE(second, first);
  JobRequest fresh{"pid", {}, 30};
  fresh.fresh_worker = true;
  EXPECT_NE(pid_of(pool, fresh), second);
}

TEST(WorkerPool, AnIdleWorkerThatDiedCostsNoJob) {
  WorkerPool pool(options(1));
  const pid_t pid = std::stoi(pid_of(pool, {"pid", {}, 30}));
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_NE(std::stoi(pid_of(pool, {"pid", {}, 30})), pid);
}

TEST(WorkerPool, ExclusiveJobsRunAlone) {
  WorkerPool pool(options(2));
  std::set<Ticket> exclusive;
  for (int i = 0; i < 12; ++i) {
    JobRequest request{"sleep", {"20", {}, false}, 30};
    request.lane = i % 3 == 1 ? Lane::alone : Lane::shared;
    const Ticket ticket = pool.submit(request);
    if (request.lane == Lane::alone) exclusive.insert(ticket);
  }
  struct Span {
    long begin, end;
    bool alone;
  };
  std::vector<Span> spans;
  while (const std::optional<JobResult> result = pool.wait_any()) {
    Span span{};
    std::istringstream(result->value.json) >> span.begin >> span.end;
    span.alone = exclusive.contains(result->ticket);
    spans.push_back(span);
  }
  ASSERT_EQ(spans.size(), 12u);
  int overlapping = 0;
  for (const Span& a : spans) {
    for (const Span& b : spans) {
      if (&a == &b || a.end <= b.begin || b.end <= a.begin) continue;
      ++overlapping;
      EXPECT_FALSE(a.alone || b.alone);
    }
  }
  EXPECT_GT(overlapping, 0) << "two workers never ran at once";
}

TEST(WorkerPool, TheDeviceHasOneUserButOthersGoOn) {
  WorkerPool pool(options(2));
  std::set<Ticket> on_device;
  for (int i = 0; i < 8; ++i) {
    JobRequest request{"sleep", {"20", {}, false}, 30};
    request.lane = i < 4 ? Lane::device : Lane::shared;
    const Ticket ticket = pool.submit(request);
    if (request.lane == Lane::device) on_device.insert(ticket);
  }
  struct Span {
    long begin, end;
    bool device;
  };
  std::vector<Span> spans;
  while (const std::optional<JobResult> result = pool.wait_any()) {
    Span span{};
    std::istringstream(result->value.json) >> span.begin >> span.end;
    span.device = on_device.contains(result->ticket);
    spans.push_back(span);
  }
  ASSERT_EQ(spans.size(), 8u);
  int beside = 0;
  for (const Span& a : spans) {
    for (const Span& b : spans) {
      if (&a == &b || a.end <= b.begin || b.end <= a.begin) continue;
      EXPECT_FALSE(a.device && b.device);
      beside += a.device && !b.device;
    }
  }
  EXPECT_GT(beside, 0) << "nothing ran beside the device's jobs";
}

TEST(WorkerPool, TheDevicesWorkerKeepsItsProcessAndWaitsForNoCompiler) {
  WorkerOptions with_device = options(1);
  with_device.device_worker = true;
  WorkerPool pool(with_device);
  std::set<Ticket> on_device;
  for (int i = 0; i < 3; ++i) pool.submit({"sleep", {"150", {}, false}, 30});  // compilers, one at a time
  for (int i = 0; i < 3; ++i) {
    JobRequest request{"pid", {}, 30};
    request.lane = Lane::device;
    on_device.insert(pool.submit(request));
  }
  std::set<std::string> pids;
  std::vector<Ticket> order;
  while (const std::optional<JobResult> result = pool.wait_any()) {
    order.push_back(result->ticket);
    if (on_device.contains(result->ticket)) pids.insert(result->value.json);
  }
  ASSERT_EQ(order.size(), 6u);
  EXPECT_EQ(pids.size(), 1u) << "the device's jobs moved between processes";
  // All of them ended before the last compiler, though they were asked for later.
  EXPECT_FALSE(on_device.contains(order.back()));
}

TEST(WorkerPool, AWaitHasADeadline) {
  WorkerPool pool(options(1));
  pool.submit({"sleep", {"300", {}, false}, 30});
  EXPECT_FALSE(pool.wait_any(WorkerPool::Clock::now() + std::chrono::milliseconds(20)));
  EXPECT_EQ(pool.outstanding(), 1u);
  EXPECT_TRUE(pool.wait_any());
}

TEST(WorkerPool, TheCancellationFlagEndsTheWaitAtOnce) {
  std::atomic<bool> cancelled{false};
  WorkerOptions with_flag = options(2);
  with_flag.cancelled = &cancelled;
  WorkerPool pool(with_flag);
  pool.submit({"hang", {}, 1000});
  pool.submit({"hang_deaf", {}, 1000});
  std::thread user([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    cancelled = true;
  });
  const auto start = std::chrono::steady_clock::now();
  try {
    pool.wait_any();
    ADD_FAILURE() << "not interrupted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_EQ(pool.outstanding(), 0u);
  user.join();
}

TEST(WorkerPool, AProgramThatIsNoWorkerIsUnavailable) {
  for (const char* program : {"/bin/true", "/nonexistent/program"}) {
    WorkerOptions wrong = options(1);
    wrong.program = program;
    WorkerPool pool(wrong);
    try {
      pool.submit({"echo", {}, 5});
      ADD_FAILURE() << program << " was taken for a worker";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    }
  }
}

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

TEST(WorkerPool, WorkersDieWithTheirParent) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  ChildOptions parent_options;
  parent_options.arguments = {"/proc/self/exe", "__parent"};
  parent_options.files = {{1, write_end.get()}};
  ChildProcess parent = ChildProcess::start(parent_options);
  write_end.reset();
  std::string text;
  std::array<char, 64> block;
  for (ssize_t got = 0; (got = ::read(read_end.get(), block.data(), block.size())) > 0;) {
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  const pid_t worker = std::stoi(text);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ASSERT_TRUE(alive(worker));
  ::kill(parent.pid(), SIGKILL);  // not its group: only the kernel tells the workers
  for (int i = 0; i < 200 && alive(worker); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(alive(worker));
}

TEST(FrameReader, FramesComeOutAsTheyWentInWhateverThePieces) {
  const Frame first{FrameKind::job, 7, "name", "body", std::string("\0\1", 2)};
  const Frame second{FrameKind::result, 8, "", "", ""};
  const std::string bytes = encode(first) + encode(second);
  FrameReader reader;
  std::vector<Frame> frames;
  for (const char& byte : bytes) {
    reader.append({&byte, 1});
    while (auto frame = reader.next()) frames.push_back(*frame);
  }
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].id, 7u);
  EXPECT_EQ(frames[0].name, "name");
  EXPECT_EQ(frames[0].body, "body");
  EXPECT_EQ(frames[0].attachment, std::string("\0\1", 2));
  EXPECT_EQ(frames[1].kind, FrameKind::result);
  EXPECT_TRUE(reader.empty());
}

TEST(FrameReader, EveryFlippedBitIsFound) {
  const std::string good = encode({FrameKind::result, 1, "n", "body", "bytes"});
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] ^= static_cast<char>(1 << bit % 8);
    FrameReader reader;
    reader.append(bad);
    EXPECT_FALSE(reader.next()) << "bit " << bit;  // broken, or waiting for bytes that never come
  }
}

}  // namespace
}  // namespace perftune
