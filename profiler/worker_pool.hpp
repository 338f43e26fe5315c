// Runs jobs in isolated worker processes, and survives whatever happens to them.
//
// A job that crashes, hangs, exits without a word, answers garbage or eats its memory is a Failure
// in its own result; the worker is killed and the next job gets a new one. Deadlines run from the
// moment a job is handed to a worker. Jobs start in the order of submission, except that those of a
// busy device are overtaken; a job that must run alone waits until every other has ended, and no
// later one starts before it. A device's jobs have a worker of their own, which keeps its context and
// the inputs from job to job, and compiles nothing: the others compile ahead of it.
//
// Call order: (submit* wait_any*)*. One thread, the one that made the pool: workers die with it
// (PR_SET_PDEATHSIG). Deadlines are enforced inside wait_any.
// Throws Error{unavailable} when no worker process can be started, Error{interrupted} from wait_any
// once the cancellation flag is set; every worker is then dead and outstanding jobs are dropped.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "executor/device.hpp"
#include "profiler/worker.hpp"
#include "recipes/error.hpp"

namespace perftune {

struct WorkerOptions {
  int workers = 2;            // beside the device's own, where there is one
  bool device_worker = false;  // one more, for jobs in Lane::device and nothing else
  std::string program = "/proc/self/exe";  // started with kWorkerArgument
  std::vector<std::string> environment;    // of the workers; nothing else is inherited
  // Each worker gets a private folder below it as $TMPDIR, removed after the worker's end.
  std::string temporary_parent = "/tmp";
  std::int64_t address_space_bytes = std::int64_t{16} << 30;  // per worker; 0: unlimited
  double start_deadline_s = 20;                               // until a new worker has said hello
  bool forward_stderr = false;                                // show what workers print (debugging)
  const std::atomic<bool>* cancelled = nullptr;  // set by a signal handler; looked at often
};

using Ticket = std::uint64_t;

// What may run beside a job.
enum class Lane {
  shared,  // anything
  device,  // anything but another job of the device: it has one user at a time
  alone,   // nothing: the processor itself is being measured
};

struct JobRequest {
  std::string name;
  JobValue value;
  double deadline_s = 30;
  Lane lane = Lane::shared;
  bool fresh_worker = false;  // a process that ran nothing before
};

struct JobResult {
  Ticket ticket = 0;
  // At most one of the two is set; neither: `value` is the answer.
  std::optional<Failure> failure;  // crashed or timed_out
  std::optional<Error> error;      // perftune::Error thrown by the job
  JobValue value;
  double seconds = 0;  // in the worker, as the parent saw it
};

class WorkerPool {
 public:
  using Clock = std::chrono::steady_clock;

  explicit WorkerPool(WorkerOptions options);
  ~WorkerPool();  // kills every worker
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  Ticket submit(JobRequest request);

  // The next finished job; nullopt when none is outstanding, or none ended until `deadline`.
  std::optional<JobResult> wait_any(Clock::time_point deadline = Clock::time_point::max());

  // The result of one job; others that finish meanwhile are kept for wait_any.
  JobResult wait(Ticket ticket);

  // Drops what is queued and kills what runs; their results never come.
  void cancel();

  std::size_t outstanding() const;  // submitted and not yet handed out
  int workers() const { return options_.workers; }

 private:
  class Worker;
  struct Queued {
    Ticket ticket;
    JobRequest request;
  };

  void start_jobs();
  std::vector<std::unique_ptr<Worker>>::iterator idle_for(Lane lane);
  void step(Clock::time_point deadline);  // waits for one event or a short while, and handles it
  bool anything_running() const;

  WorkerOptions options_;
  Ticket last_ticket_ = 0;
  std::deque<Queued> queue_;
  std::vector<std::unique_ptr<Worker>> workers_;  // options_.workers places
  std::deque<JobResult> finished_;
};

}  // namespace perftune
