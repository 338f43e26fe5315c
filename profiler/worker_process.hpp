// The parent's end of one worker process: started, spoken to in frames, killed with its owner.
//
// Call order: start, then send and receive. Not thread-safe. What the worker sends is checked; how
// it ended is told in words, never thrown.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "executor/child_process.hpp"
#include "executor/file_descriptor.hpp"
#include "executor/temporary_folder.hpp"
#include "profiler/worker_protocol.hpp"
#include "recipes/error.hpp"

namespace perftune {

struct WorkerOptions;

class WorkerProcess {
 public:
  // Waits for its hello. Throws Error{unavailable} when it does not come.
  static WorkerProcess start(const WorkerOptions& options);

  // Writes as much as the worker takes until `deadline`; false when it did not take all.
  bool send(const Frame& frame, std::chrono::steady_clock::time_point deadline);

  // Reads what is there. A frame when one is complete; otherwise nullopt, and `lost` says why no
  // more will come, or stays empty when the worker still lives.
  std::optional<Frame> receive(std::string& lost);

  // An idle worker that says something, or has ended, is not to be given a job.
  bool quiet() const;

  int output() const { return from_.get(); }  // to poll for reading

 private:
  WorkerProcess(TemporaryFolder scratch, ChildProcess child, FileDescriptor to, FileDescriptor from)
      : scratch_(std::move(scratch)),
        child_(std::move(child)),
        to_(std::move(to)),
        from_(std::move(from)) {}

  TemporaryFolder scratch_;  // the worker's $TMPDIR: what it leaves when it is killed goes, too
  ChildProcess child_;
  FileDescriptor to_;
  FileDescriptor from_;
  FrameReader reader_;
};

// "2.5 s"
std::string seconds_text(double seconds);

// From the number that an `environment` frame carries; anything unknown is internal.
ErrorKind error_kind(const std::string& number);

}  // namespace perftune
