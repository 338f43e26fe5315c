// A test binary that is its own worker, as cli/main.cpp is: one job per fault.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "fault_emitter.hpp"
#include "faulty_simt.hpp"
#include "profiler/jobs_cpu.hpp"
#include "profiler/jobs_cuda.hpp"
#include "profiler/worker.hpp"
#include "profiler/worker_pool.hpp"
#include "profiler/worker_protocol.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

[[noreturn]] void forever() {
  std::atomic<int> turns{0};
  for (;;) turns.fetch_add(1, std::memory_order_relaxed);
}

void write_to_parent(const std::string& bytes) {
  if (::write(kWorkerOutput, bytes.data(), bytes.size()) < 0) ::_exit(9);
}

WorkerJobs fault_jobs() {
  WorkerJobs jobs;
  jobs.add("echo", [](const JobValue& in) { return JobValue{in.json, in.attachment, false}; });
  jobs.add("pid", [](const JobValue&) { return JobValue{std::to_string(::getpid()), {}, false}; });
  jobs.add("pid_and_retire", [](const JobValue&) {
    return JobValue{std::to_string(::getpid()), {}, true};
  });
  jobs.add("sleep", [](const JobValue& in) {
    const auto begin = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(std::stoi(in.json)));
    const auto end = std::chrono::steady_clock::now();
    return JobValue{std::to_string(begin.time_since_epoch().count()) + " " +
                        std::to_string(end.time_since_epoch().count()),
                    {},
                    false};
  });
  jobs.add("segv", [](const JobValue&) -> JobValue {
    volatile int* nowhere = nullptr;
    *nowhere = 1;
    return {};
  });
  jobs.add("fpe", [](const JobValue&) -> JobValue {
    ::raise(SIGFPE);
    return {};
  });
  jobs.add("abort", [](const JobValue&) -> JobValue { std::abort(); });
  jobs.add("hang", [](const JobValue&) -> JobValue { forever(); });
  jobs.add("hang_deaf", [](const JobValue&) -> JobValue {
    for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_IGN);
    forever();
  });
  jobs.add("exit", [](const JobValue&) -> JobValue { ::_exit(0); });
  jobs.add("garbage", [](const JobValue& in) {
    write_to_parent("this is what a kernel printed to the wrong place, and it goes on and on");
    return in;
  });
  jobs.add("half_a_frame", [](const JobValue&) -> JobValue {
    write_to_parent(encode({FrameKind::result, 1, {}, "body", {}}).substr(0, 34));
    ::_exit(0);
  });
  jobs.add("bad_checksum", [](const JobValue& in) {
    std::string frame = encode({FrameKind::result, 1, {}, "body", {}});
    frame.back() ^= 1;
    write_to_parent(frame);
    return in;
  });
  jobs.add("oversized", [](const JobValue& in) {
    std::string frame = encode({FrameKind::result, 1, {}, {}, {}});
    const std::uint32_t huge = 0xFFFFFFFF;
    std::memcpy(frame.data() + 20, &huge, sizeof huge);
    write_to_parent(frame);
    return in;
  });
  jobs.add("wrong_id", [](const JobValue& in) {
    write_to_parent(encode({FrameKind::result, 987654, {}, "body", {}}));
    return in;
  });
  jobs.add("memory_hog", [](const JobValue&) -> JobValue {
    std::vector<std::vector<char>> hoard;
    for (;;) hoard.emplace_back(64 << 20, 'x');
  });
  jobs.add("throw_error", [](const JobValue&) -> JobValue {
    throw Error(ErrorKind::unavailable, "no toolkit here");
  });
  jobs.add("throw_other", [](const JobValue&) -> JobValue { throw std::runtime_error("a bug"); });
  return jobs;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Starts a worker on an endless job, prints its number, and waits to be killed.
int be_a_parent() {
  WorkerPool pool(WorkerOptions{});
  pool.submit({"pid", {}, 30});
  const std::string pid = pool.wait_any()->value.json;
  if (::write(STDOUT_FILENO, pid.data(), pid.size()) < 0) return 1;
  ::close(STDOUT_FILENO);
  pool.submit({"hang", {}, 1e6});
  pool.wait_any();
  return 0;
}

}  // namespace
}  // namespace perftune

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == perftune::kWorkerArgument) {
    perftune::EmitterRegistry emitters;
    emitters.add(std::make_unique<perftune::FaultEmitter>());
    emitters.add(std::make_unique<perftune::FaultySimtEmitter>());
    perftune::WorkerJobs jobs = perftune::fault_jobs();
    perftune::CpuToolchain toolchain;
    toolchain.search_path = perftune::environment("PATH");
    toolchain.temporary_parent = perftune::environment("TMPDIR");
    toolchain.compile_deadline_s = 2;
    perftune::add_cpu_jobs(jobs, emitters, toolchain);
    toolchain.compile_deadline_s = 20;
    perftune::add_cuda_jobs(jobs, emitters, toolchain, perftune::cuda_folders_for_tests());
    return perftune::worker_main(perftune::kWorkerInput, perftune::kWorkerOutput, jobs);
  }
  if (first == "__parent") return perftune::be_a_parent();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
