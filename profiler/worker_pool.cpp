#include "profiler/worker_pool.hpp"

#include <poll.h>

#include <algorithm>

#include "profiler/worker_process.hpp"

namespace perftune {
namespace {

// How long Ctrl-C may go unnoticed.
constexpr std::chrono::milliseconds kSlice{50};

}  // namespace

// A place for a worker process and the job that it runs.
class WorkerPool::Worker {
 public:
  std::optional<WorkerProcess> process;  // none until the first job, or after a loss
  bool running = false;
  Lane lane = Lane::shared;
  Ticket ticket = 0;
  Clock::time_point started;
  Clock::time_point deadline;
  double deadline_s = 0;

  void start(const WorkerOptions& options, Queued queued) {
    if (queued.request.fresh_worker || (process && !process->quiet())) process.reset();
    lane = queued.request.lane;
    if (!process) {
      // A driver maps all memory of host and devices: a limit would keep it from starting. What eats
      // memory is the compiler, and that runs elsewhere.
      WorkerOptions own = options;
      if (options.device_worker && lane == Lane::device) own.address_space_bytes = 0;
      process.emplace(WorkerProcess::start(own));
    }
    running = true;
    ticket = queued.ticket;
    deadline_s = queued.request.deadline_s;
    started = Clock::now();
    deadline = started + std::chrono::duration_cast<Clock::duration>(
                             std::chrono::duration<double>(deadline_s));
    Frame frame{FrameKind::job, ticket, std::move(queued.request.name),
                std::move(queued.request.value.json), std::move(queued.request.value.attachment)};
    process->send(frame, deadline);  // a worker that does not take it is found by the deadline
  }

  JobResult result() {
    running = false;
    JobResult result;
    result.ticket = ticket;
    result.seconds = std::chrono::duration<double>(Clock::now() - started).count();
    return result;
  }

  JobResult lost(OutcomeKind kind, std::string detail) {
    process.reset();
    JobResult answer = result();
    answer.failure = Failure{kind, std::move(detail)};
    return answer;
  }
};

WorkerPool::WorkerPool(WorkerOptions options) : options_(std::move(options)) {
  const int places = std::max(options_.workers, 1) + (options_.device_worker ? 1 : 0);
  for (int i = 0; i < places; ++i) workers_.push_back(std::make_unique<Worker>());
  // The first place is the device's.
}

WorkerPool::~WorkerPool() = default;

Ticket WorkerPool::submit(JobRequest request) {
  queue_.push_back({++last_ticket_, std::move(request)});
  start_jobs();
  return last_ticket_;
}

bool WorkerPool::anything_running() const {
  return std::ranges::any_of(workers_, [](const auto& worker) { return worker->running; });
}

std::size_t WorkerPool::outstanding() const {
  const auto running = std::ranges::count_if(workers_, [](const auto& w) { return w->running; });
  return queue_.size() + finished_.size() + static_cast<std::size_t>(running);
}

std::vector<std::unique_ptr<WorkerPool::Worker>>::iterator WorkerPool::idle_for(Lane lane) {
  const auto first = workers_.begin() + (options_.device_worker && lane == Lane::shared ? 1 : 0);
  const auto last = options_.device_worker && lane == Lane::device ? first + 1 : workers_.end();
  const auto found = std::find_if(first, last, [](const auto& w) { return !w->running; });
  return found == last ? workers_.end() : found;
}

void WorkerPool::start_jobs() {
  const auto running = [&](Lane lane) {
    return std::ranges::any_of(workers_,
                               [&](const auto& w) { return w->running && w->lane == lane; });
  };
  for (auto next = queue_.begin(); next != queue_.end() && !running(Lane::alone);) {
    const Lane lane = next->request.lane;
    if (lane == Lane::alone && anything_running()) return;
    const auto idle = idle_for(lane);
    if (idle == workers_.end() || (lane == Lane::device && running(Lane::device))) {
      // Only with a worker of its own may one lane go on while the other has to wait.
      if (lane != Lane::device && !options_.device_worker) return;
      ++next;
      continue;
    }
    Queued job = std::move(*next);
    next = queue_.erase(next);
    (*idle)->start(options_, std::move(job));
  }
}

void WorkerPool::step(Clock::time_point deadline) {
  std::vector<pollfd> events;
  std::vector<Worker*> owners;
  const auto now = Clock::now();
  auto wait = std::min(std::chrono::duration_cast<Clock::duration>(kSlice), deadline - now);
  for (const auto& worker : workers_) {
    if (!worker->running) continue;
    events.push_back({worker->process->output(), POLLIN, 0});
    owners.push_back(worker.get());
    wait = std::min(wait, worker->deadline - now);
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  ::poll(events.data(), events.size(), static_cast<int>(std::max<long>(ms, 0)));
  if (options_.cancelled != nullptr && options_.cancelled->load()) {
    cancel();
    throw Error(ErrorKind::interrupted, "interrupted");
  }
  for (std::size_t i = 0; i < owners.size(); ++i) {
    Worker& worker = *owners[i];
    if (events[i].revents == 0) {
      if (Clock::now() >= worker.deadline) {
        finished_.push_back(
            worker.lost(OutcomeKind::timed_out,
                        "stopped at its deadline of " + seconds_text(worker.deadline_s)));
      }
      continue;
    }
    std::string lost;
    std::optional<Frame> frame = worker.process->receive(lost);
    if (frame && (frame->id != worker.ticket || frame->kind == FrameKind::hello ||
                  frame->kind == FrameKind::job)) {
      lost = "the worker answered a question that was not asked";
      frame.reset();
    }
    if (!frame) {
      if (!lost.empty()) finished_.push_back(worker.lost(OutcomeKind::crashed, lost));
      continue;
    }
    if (frame->kind == FrameKind::failure) {
      finished_.push_back(worker.lost(OutcomeKind::crashed, frame->body));
      continue;
    }
    JobResult result = worker.result();
    if (frame->kind == FrameKind::environment) {
      result.error = Error(error_kind(frame->name), frame->body);
    } else {
      if (frame->kind == FrameKind::result_last) worker.process.reset();
      result.value.json = std::move(frame->body);
      result.value.attachment = std::move(frame->attachment);
    }
    finished_.push_back(std::move(result));
  }
}

std::optional<JobResult> WorkerPool::wait_any(Clock::time_point deadline) {
  start_jobs();
  while (finished_.empty()) {
    if (!anything_running()) return std::nullopt;
    step(deadline);
    start_jobs();
    if (finished_.empty() && Clock::now() >= deadline) return std::nullopt;
  }
  JobResult result = std::move(finished_.front());
  finished_.pop_front();
  start_jobs();  // keeps the workers busy while the caller looks at this result
  return result;
}

JobResult WorkerPool::wait(Ticket ticket) {
  for (;;) {
    const auto found = std::ranges::find(finished_, ticket, &JobResult::ticket);
    if (found != finished_.end()) {
      JobResult result = std::move(*found);
      finished_.erase(found);
      start_jobs();
      return result;
    }
    start_jobs();
    if (!anything_running()) throw Error(ErrorKind::internal, "waited for a job that is not there");
    step(Clock::time_point::max());
  }
}

void WorkerPool::cancel() {
  queue_.clear();
  finished_.clear();
  for (const auto& worker : workers_) {
    if (!worker->running) continue;
    worker->process.reset();
    worker->running = false;
  }
}

}  // namespace perftune
