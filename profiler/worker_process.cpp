#include "profiler/worker_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "profiler/worker_pool.hpp"

namespace perftune {
namespace {

using Clock = std::chrono::steady_clock;

struct PipeEnds {
  FileDescriptor read;
  FileDescriptor write;
};

PipeEnds make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw Error(ErrorKind::unavailable, "no pipe for a worker process");
  }
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

bool wait_for(int fd, short event, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd entry{fd, event, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<long>(left, 60000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// A write to a worker that has died must come back as EPIPE. Blocked for this thread only, and a
// pending one is taken away, so that the caller's own handling of SIGPIPE stays what it was.
ssize_t write_without_signal(int fd, const char* data, std::size_t size) {
  sigset_t pipe_signal;
  sigset_t before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t written = ::write(fd, data, size);
  const int reason = errno;
  if (written < 0 && reason == EPIPE && sigismember(&before, SIGPIPE) == 0) {
    const timespec now{0, 0};
    ::sigtimedwait(&pipe_signal, nullptr, &now);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = reason;
  return written;
}

}  // namespace

WorkerProcess WorkerProcess::start(const WorkerOptions& options) {
  PipeEnds to = make_pipe();
  PipeEnds from = make_pipe();
  FileDescriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ChildOptions child_options;
  child_options.arguments = {options.program, std::string(kWorkerArgument)};
  TemporaryFolder scratch(options.temporary_parent);
  child_options.environment = options.environment;
  child_options.environment.push_back("TMPDIR=" + scratch.path());
  child_options.address_space_bytes = options.address_space_bytes;
  child_options.files = {{0, nothing.get()},
                         {1, nothing.get()},
                         {2, options.forward_stderr ? STDERR_FILENO : nothing.get()},
                         {kWorkerInput, to.read.get()},
                         {kWorkerOutput, from.write.get()}};
  WorkerProcess worker(std::move(scratch), ChildProcess::start(child_options), std::move(to.write),
                       std::move(from.read));
  // Only this side must never block; O_NONBLOCK belongs to the open end, not to the other.
  ::fcntl(worker.to_.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(worker.from_.get(), F_SETFL, O_NONBLOCK);
  to.read.reset();
  from.write.reset();

  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(options.start_deadline_s));
  std::string lost = "no answer";
  while (wait_for(worker.from_.get(), POLLIN, deadline)) {
    lost.clear();
    const std::optional<Frame> frame = worker.receive(lost);
    if (frame && frame->kind == FrameKind::hello) return worker;
    if (frame) lost = "it did not say hello";
    if (!lost.empty()) break;
  }
  throw Error(ErrorKind::unavailable, fmt::format("the worker process does not start: {}", lost));
}

bool WorkerProcess::send(const Frame& frame, Clock::time_point deadline) {
  const std::string bytes = encode(frame);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t written =
        write_without_signal(to_.get(), bytes.data() + sent, bytes.size() - sent);
    if (written > 0) {
      sent += static_cast<std::size_t>(written);
    } else if (written < 0 && errno == EAGAIN) {
      if (!wait_for(to_.get(), POLLOUT, deadline)) return false;
    } else if (written < 0 && errno != EINTR) {
      return false;
    }
  }
  return true;
}

std::optional<Frame> WorkerProcess::receive(std::string& lost) {
  lost.clear();
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t got = ::read(from_.get(), block.data(), block.size());
    if (got > 0) {
      reader_.append({block.data(), static_cast<std::size_t>(got)});
      std::optional<Frame> frame = reader_.next();
      if (frame) return frame;
      if (!reader_.broken().empty()) {
        lost = fmt::format("the worker sent {}", reader_.broken());
        return std::nullopt;
      }
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return std::nullopt;
    // The end of the pipe: the worker has ended, or is about to.
    std::optional<ExitStatus> status = child_.wait(Clock::now() + std::chrono::seconds(1));
    if (!status) status = child_.kill();
    lost = fmt::format("the worker ended with {}", status->text());
    return std::nullopt;
  }
}

bool WorkerProcess::quiet() const {
  pollfd entry{from_.get(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 0;
}

std::string seconds_text(double seconds) { return fmt::format("{:g} s", seconds); }

ErrorKind error_kind(const std::string& number) {
  for (const ErrorKind kind : {ErrorKind::usage, ErrorKind::unavailable, ErrorKind::no_candidate,
                               ErrorKind::store, ErrorKind::budget, ErrorKind::interrupted}) {
    if (number == std::to_string(static_cast<int>(kind))) return kind;
  }
  return ErrorKind::internal;
}

}  // namespace perftune
