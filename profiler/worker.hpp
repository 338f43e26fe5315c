// The worker's side: a child process that runs named jobs until its parent goes.
//
// cli/main.cpp (and each test binary that needs workers) calls worker_main when its first argument
// is kWorkerArgument, with a table of jobs. A job gets and returns JSON and bytes; it may throw
// perftune::Error for what is the environment's fault. Whatever else goes wrong in it (a signal, an
// exception, an endless loop, exhausted memory) costs that job alone: the parent starts another
// worker (worker_pool.hpp).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace perftune {

struct JobValue {
  std::string json;
  std::string attachment;      // bytes: a cubin, a shared object
  bool retire_worker = false;  // result only: state may be damaged, run no other job here
};

// By name. Filled before worker_main, read-only afterwards.
class WorkerJobs {
 public:
  using Function = std::function<JobValue(const JobValue&)>;

  void add(std::string name, Function function) { jobs_[std::move(name)] = std::move(function); }
  const Function* find(const std::string& name) const {
    const auto found = jobs_.find(name);
    return found == jobs_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, Function> jobs_;
};

inline constexpr std::string_view kWorkerArgument = "__worker";
// Descriptors that the parent leaves open for the worker; 0 to 2 are /dev/null or the parent's
// stderr, so what a kernel prints cannot reach the protocol.
inline constexpr int kWorkerInput = 3;
inline constexpr int kWorkerOutput = 4;

// Serves jobs until the input ends; the process's exit code.
int worker_main(int fd_in, int fd_out, const WorkerJobs& jobs);

}  // namespace perftune
