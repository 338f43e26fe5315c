#include "profiler/worker.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <stdexcept>

#include "profiler/worker_protocol.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

bool send(int fd, const Frame& frame) {
  const std::string bytes = encode(frame);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t written = ::write(fd, bytes.data() + sent, bytes.size() - sent);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;  // the parent is gone
    sent += static_cast<std::size_t>(written);
  }
  return true;
}

std::optional<Frame> receive(int fd, FrameReader& reader) {
  std::array<char, 65536> block;
  for (;;) {
    if (std::optional<Frame> frame = reader.next()) return frame;
    if (!reader.broken().empty()) return std::nullopt;
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    reader.append({block.data(), static_cast<std::size_t>(got)});
  }
}

Frame serve(const Frame& job, const WorkerJobs& jobs) {
  Frame answer{FrameKind::failure, job.id, {}, {}, {}};
  try {
    const WorkerJobs::Function* function = jobs.find(job.name);
    if (function == nullptr) throw std::invalid_argument("no job named '" + job.name + "'");
    JobValue value = (*function)(JobValue{job.body, job.attachment, false});
    answer.kind = value.retire_worker ? FrameKind::result_last : FrameKind::result;
    answer.body = std::move(value.json);
    answer.attachment = std::move(value.attachment);
  } catch (const Error& error) {
    answer.kind = FrameKind::environment;
    answer.name = std::to_string(error.exit_code());
    answer.body = error.what();
  } catch (const std::bad_alloc&) {
    answer.body = "out of memory";
  } catch (const std::exception& error) {
    answer.body = std::string("exception: ") + error.what();
  }
  return answer;
}

}  // namespace

int worker_main(int fd_in, int fd_out, const WorkerJobs& jobs) {
  // A signal must end the process as that signal: the parent reports it.
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM}) {
    ::signal(signal, SIG_DFL);
  }
  ::signal(SIGPIPE, SIG_IGN);  // write says EPIPE, and the loop ends
  if (!send(fd_out, Frame{FrameKind::hello, 0, {}, {}, {}})) return 1;
  FrameReader reader;
  while (const std::optional<Frame> job = receive(fd_in, reader)) {
    if (job->kind != FrameKind::job) return 1;
    const Frame answer = serve(*job, jobs);
    if (!send(fd_out, answer)) return 1;
    // Exit handlers of damaged state could hang: leave at once.
    if (answer.kind == FrameKind::result_last || answer.kind == FrameKind::failure) ::_exit(0);
  }
  return reader.broken().empty() ? 0 : 1;
}

}  // namespace perftune
