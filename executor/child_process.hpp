// A child process that cannot outlive its owner: it is killed, with everything that it started in
// its process group, when the ChildProcess is destroyed, and by the kernel (PR_SET_PDEATHSIG) when
// the thread that started it dies. A grandchild that survives such a death is bounded by
// `cpu_seconds`.
//
// Call order: start, then wait or kill. One owner; not thread-safe, but many may exist at once.
// Failure: a program that cannot be started throws Error{unavailable}; how it ended is a value.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace perftune {

struct ChildOptions {
  std::vector<std::string> arguments;      // [0]: path of the program, never searched for
  std::vector<std::string> environment;    // "NAME=value"; nothing else is inherited
  std::string folder;                      // working directory; empty: the parent's
  std::vector<std::pair<int, int>> files;  // (number in the child, descriptor here); others close
  std::int64_t address_space_bytes = 0;    // RLIMIT_AS; 0: unlimited
  double cpu_seconds = 0;                  // RLIMIT_CPU, rounded up; 0: unlimited
};

// How a process ended: exactly one of the two is set.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;
  bool success() const { return code == 0; }
  std::string text() const;  // "exit code 1", "signal 11 (SIGSEGV)"
};

class ChildProcess {
 public:
  using Clock = std::chrono::steady_clock;

  static ChildProcess start(const ChildOptions& options);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  pid_t pid() const { return pid_; }

  // How it ended, or nullopt when it still runs at `deadline`.
  std::optional<ExitStatus> wait(Clock::time_point deadline);

  // SIGKILL to its group, then reaps it. Does nothing to one that has already ended.
  ExitStatus kill();

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
  std::optional<ExitStatus> status_;
};

}  // namespace perftune
