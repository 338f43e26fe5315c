#include "executor/emulation/grid_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "executor/emulation/runtime_table.hpp"

namespace perftune::emulation {

std::optional<Defect> GridRun::run(Attachment& attachment, Entry entry, const void* params,
                                   const Launch& launch) {
  attachment_ = &attachment;
  attachment = {&runtime_table(), this, nullptr};
  entry_ = entry;
  params_ = params;
  launch_ = launch;
  threads_ = static_cast<unsigned>(launch.block[0]);
  cluster_blocks_ =
      static_cast<unsigned>(launch.cluster[0] * launch.cluster[1] * launch.cluster[2]);
  clusters_ = static_cast<std::uint64_t>(launch.grid[0] * launch.grid[1] * launch.grid[2]) /
              cluster_blocks_;
  memory_.begin_launch();
  unsigned idle_rounds = 0;
  try {
    while (next_cluster_ < clusters_ || !resident_.empty()) {
      if (resident_.empty()) start_cluster();
      bool progress = false;
      for (std::size_t i = 0; i < resident_.size(); ++i) progress |= step(*resident_[i]);
      if (defect_) return std::exchange(defect_, std::nullopt);
      for (const auto& cluster : resident_)
        if (cluster->finished == cluster->threads.size()) check_end(*cluster);
      std::erase_if(resident_, [](const auto& cluster) {
        return cluster->finished == cluster->threads.size();
      });
      idle_rounds = progress ? 0 : idle_rounds + 1;
      if (idle_rounds == 0) continue;
      if (next_cluster_ < clusters_)
        start_cluster();
      else if (idle_rounds > options_.max_idle_rounds)
        report_deadlock();
    }
  } catch (Defect& defect) {  // found outside any thread
    return std::move(defect);
  }
  if (auto missing = memory_.unwritten_output())
    return Defect{OutcomeKind::wrong_result, std::move(*missing)};
  return std::nullopt;
}

void GridRun::start_cluster() {
  const auto number = static_cast<unsigned>(next_cluster_++);
  auto cluster = std::make_unique<Cluster>(number, cluster_blocks_, threads_);
  unsigned slot = 0;  // the lowest run of fibers that no resident cluster uses
  const auto size = static_cast<unsigned>(cluster->threads.size());
  while (std::any_of(resident_.begin(), resident_.end(),
                     [slot](const auto& other) { return other->first_fiber == slot; }))
    slot += size;
  cluster->first_fiber = slot;
  fibers_.reserve(slot + size);

  const auto& grid = launch_.grid;
  const auto& shape = launch_.cluster;
  const std::array<std::int64_t, 3> in_grid{grid[0] / shape[0], grid[1] / shape[1],
                                            grid[2] / shape[2]};
  const std::array<std::int64_t, 3> at{number % in_grid[0], number / in_grid[0] % in_grid[1],
                                       number / in_grid[0] / in_grid[1]};
  for (unsigned b = 0; b < cluster_blocks_; ++b) {
    const std::array<std::int64_t, 3> in_cluster{b % shape[0], b / shape[0] % shape[1],
                                                 b / shape[0] / shape[1]};
    ThreadView view;
    for (std::size_t d = 0; d < 3; ++d) {
      view.block[d] = static_cast<unsigned>(at[d] * shape[d] + in_cluster[d]);
      view.grid[d] = static_cast<unsigned>(grid[d]);
    }
    view.block_threads = threads_;
    view.cluster_rank = b;
    view.cluster_blocks = cluster_blocks_;
    cluster->blocks[b].warps.resize(threads_ / 32);
    cluster->blocks[b].warpgroups.resize(threads_ / Warpgroup::kThreads);
    cluster->blocks[b].running = threads_;
    cluster->blocks[b].shared.reset(
        static_cast<std::size_t>(launch_.dynamic_shared_bytes),
        fmt::format("block ({},{},{})", view.block[0], view.block[1], view.block[2]));
    for (unsigned t = 0; t < threads_; ++t) {
      Thread& thread = cluster->threads[b * threads_ + t];
      thread.index = b * threads_ + t;
      thread.block = b;
      thread.view = view;
      thread.view.thread = t;
      fibers_.prepare(slot + thread.index, &GridRun::thread_body, this);
    }
  }
  resident_.push_back(std::move(cluster));
}

bool GridRun::step(Cluster& cluster) {
  bool progress = false;
  cluster_ = &cluster;
  for (Thread& thread : cluster.threads) {
    if (thread.state == Thread::State::polling) thread.state = Thread::State::ready;
    if (thread.state != Thread::State::ready) continue;
    thread_ = &thread;
    attachment_->thread = &thread.view;
    fibers_.resume(cluster.first_fiber + thread.index);
    if (defect_) return true;
    progress |= thread.state != Thread::State::polling;
  }
  return progress;
}

void GridRun::thread_body(void* self) {
  auto& run = *static_cast<GridRun*>(self);
  try {
    run.entry_(run.params_);
  } catch (Defect& defect) {
    run.defect_ = std::move(defect);
  }
  run.thread_->state = Thread::State::finished;
  ++run.cluster_->finished;
  --run.block().running;
}

void GridRun::check_end(const Cluster& cluster) {
  for (const Block& block : cluster.blocks)
    for (const Warpgroup& warpgroup : block.warpgroups)
      if (!warpgroup.idle())
        throw Defect{OutcomeKind::wrong_result, "a block ended with wgmma that nobody waited for"};
  // Whoever arrives at a block's mbarrier needs that block: one of its threads must end later.
  for (unsigned b = 0; b < cluster.blocks.size(); ++b)
    for (const auto& [from, arrival] : cluster.blocks[b].remote) {
      const auto first = cluster.threads.begin() + b * threads_;
      if (std::none_of(first, first + threads_, [&](const Thread& thread) {
            return cluster.clocks.ordered(arrival, thread.index);
          }))
        throw Defect{OutcomeKind::wrong_result,
                     fmt::format("thread {} of the cluster arrives at an mbarrier of block {}, which does "
                                 "not wait for it before it ends", from, b)};
    }
  for (const Thread& thread : cluster.threads)
    if (!thread.copies.copies.empty() || !thread.stores.stores.empty())
      throw Defect{OutcomeKind::wrong_result,
                   fmt::format("{} ended with asynchronous copies that it never waited for",
                               describe(thread.view))};
}

void GridRun::report_deadlock() const {
  std::map<std::string, std::pair<unsigned, const Thread*>> groups;
  for (const auto& cluster : resident_) {
    for (const Thread& thread : cluster->threads) {
      std::string what = "finished";
      if (thread.state == Thread::State::polling || thread.state == Thread::State::ready)
        what = "poll memory that nobody writes";
      else if (thread.state == Thread::State::waiting)
        what = fmt::format("wait at {} {}", thread.waits_at, thread.waits_id);
      auto& group = groups[what];
      if (group.first++ == 0) group.second = &thread;
    }
  }
  std::string text = "deadlock:";
  for (const auto& [what, group] : groups)
    text += fmt::format(" {} thread(s) {} (first: {});", group.first, what,
                        describe(group.second->view));
  text.pop_back();
  throw Defect{OutcomeKind::timed_out, std::move(text)};
}

void GridRun::count_step() {
  if (++steps_ > options_.max_steps)
    throw Defect{OutcomeKind::timed_out, fmt::format("did not end within {} accesses and waits; {}",
                                                     options_.max_steps, here())};
}

void GridRun::wait(Thread::State state, std::string_view at, unsigned id) {
  thread_->state = state;
  thread_->waits_at = at;
  thread_->waits_id = id;
  fibers_.suspend();
}

std::string GridRun::here() const { return describe(thread_->view); }

}  // namespace perftune::emulation
