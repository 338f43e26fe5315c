#include "executor/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <thread>

#include "executor/file_descriptor.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC of linux/close_range.h

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

void limit(__rlimit_resource resource, rlim_t value) {
  rlimit bound{value, value};
  ::setrlimit(resource, &bound);
}

// Everything between fork and exec, async-signal-safe calls only: the parent may have threads.
// Returns (with errno set) only when something failed.
void become(const ChildOptions& options, char* const* arguments, char* const* environment,
            std::vector<std::pair<int, int>>& moved, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before prctl took effect
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // Terminal interrupts are the parent's to handle: it decides what happens to its children.
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  // Out of the way first, so that no target overwrites a source that is still needed.
  for (auto& [target, source] : moved) {
    source = ::fcntl(source, F_DUPFD_CLOEXEC, 64);
    if (source < 0) return;
  }
  for (auto& [target, source] : moved) {
    if (::dup2(source, target) < 0) return;
  }
  // Descriptors that somebody opened without O_CLOEXEC; before Linux 5.11 they stay open.
  int last = 2;
  for (const auto& [target, source] : moved) last = target > last ? target : last;
  ::syscall(SYS_close_range, static_cast<unsigned>(last + 1), ~0u, kCloseOnExec);
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) return;
  limit(RLIMIT_CORE, 0);
  if (options.address_space_bytes > 0) {
    limit(RLIMIT_AS, static_cast<rlim_t>(options.address_space_bytes));
  }
  if (options.cpu_seconds > 0) {
    limit(RLIMIT_CPU, static_cast<rlim_t>(std::ceil(options.cpu_seconds)));
  }
  ::execve(arguments[0], arguments, environment);
}

ExitStatus decode(int status) {
  ExitStatus result;
  if (WIFSIGNALED(status)) {
    result.signal = WTERMSIG(status);
  } else {
    result.code = WEXITSTATUS(status);
  }
  return result;
}

}  // namespace

std::string ExitStatus::text() const {
  if (!signal) return fmt::format("exit code {}", code.value_or(-1));
  const char* abbreviation = ::sigabbrev_np(*signal);
  return fmt::format("signal {} (SIG{})", *signal, abbreviation ? abbreviation : "?");
}

ChildProcess ChildProcess::start(const ChildOptions& options) {
  const std::vector<char*> arguments = pointers(options.arguments);
  const std::vector<char*> environment = pointers(options.environment);
  std::vector<std::pair<int, int>> moved = options.files;
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) {
    throw Error(ErrorKind::unavailable, fmt::format("no pipe: {}", ::strerror(errno)));
  }
  FileDescriptor read_end(report[0]);
  FileDescriptor write_end(report[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    // The report travels above every target number.
    const int safe = ::fcntl(report[1], F_DUPFD_CLOEXEC, 64);
    become(options, arguments.data(), environment.data(), moved, parent);
    const int reason = errno;
    if (::write(safe, &reason, sizeof reason) < 0) ::_exit(126);
    ::_exit(127);
  }
  if (pid < 0) {
    throw Error(ErrorKind::unavailable, fmt::format("no process: {}", ::strerror(errno)));
  }
  ::setpgid(pid, pid);  // here as well: whoever comes first
  ChildProcess child(pid);
  write_end.reset();
  int reason = 0;
  ssize_t got = 0;
  do {
    got = ::read(read_end.get(), &reason, sizeof reason);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    child.kill();
    throw Error(ErrorKind::unavailable,
                fmt::format("cannot start {}: {}", options.arguments[0], ::strerror(reason)));
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(std::move(other.status_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(status_, other.status_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) kill();
}

std::optional<ExitStatus> ChildProcess::wait(Clock::time_point deadline) {
  // Callers wait for the end of a pipe first, so this loop is short; pidfd would need Linux 5.3.
  auto pause = std::chrono::microseconds(50);
  while (!status_) {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      status_ = decode(status);
    } else if (ended < 0 && errno != EINTR) {
      status_ = ExitStatus{127, std::nullopt};  // someone else reaped it
    } else {
      if (Clock::now() >= deadline) return std::nullopt;
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, std::chrono::microseconds(2000));
    }
  }
  return status_;
}

ExitStatus ChildProcess::kill() {
  if (pid_ <= 0) return ExitStatus{0, std::nullopt};
  // The group, even when the leader has ended: a compiler driver's passes outlive it. An unreaped
  // leader keeps the number from being given to somebody else.
  if (!status_) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    int status = 0;
    pid_t ended = 0;
    do {
      ended = ::waitpid(pid_, &status, 0);
    } while (ended < 0 && errno == EINTR);
    status_ = ended == pid_ ? decode(status) : ExitStatus{127, std::nullopt};
  }
  return *status_;
}

}  // namespace perftune
