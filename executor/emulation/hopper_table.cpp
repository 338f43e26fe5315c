#include "executor/emulation/hopper_table.hpp"

#include <fmt/format.h>

#include <cstring>

#include "executor/emulation/grid_run.hpp"
#include "recipes/number_format.hpp"

namespace perftune::emulation {

struct HopperTable {
  static GridRun& of(void* run) { return *static_cast<GridRun*>(run); }
  [[noreturn]] static void wrong(const GridRun& run, std::string_view text) {
    throw Defect{OutcomeKind::wrong_result, fmt::format("{}; {}", text, run.here())};
  }

  // ---- Clusters ----

  static void cluster_barrier(void* self) {
    GridRun& run = of(self);
    run.count_step();
    run.meet(run.cluster_->barrier, static_cast<unsigned>(run.cluster_->threads.size()), true,
             false, "sync_cluster", 0);
  }
  static bool elect(void* self) {
    GridRun& run = of(self);
    run.warp_collective("elect_lane", nullptr, nullptr);
    return run.thread_->view.thread % 32 == 0;
  }

  // ---- mbarriers ----

  static MBarrier& find(GridRun& run, unsigned rank, unsigned offset) {
    if (rank >= run.cluster_->blocks.size())
      wrong(run, "an mbarrier of a block that the cluster lacks");
    Block& block = run.cluster_->blocks[rank];
    if (block.running == 0) wrong(run, "an mbarrier of a block that has ended");
    const auto found = block.mbarriers.find(offset);
    if (found == block.mbarriers.end())
      wrong(run, fmt::format("no mbarrier was initialised at offset {}", offset));
    if (!run.cluster_->clocks.ordered(found->second.initialised(), run.thread_->index))
      wrong(run,
            fmt::format("the mbarrier at offset {} is used with no sync after its init", offset));
    return found->second;
  }
  static void wake(GridRun& run, MBarrier& barrier) {
    for (const unsigned index : barrier.waiting)
      run.cluster_->threads[index].state = Thread::State::ready;
    barrier.waiting.clear();
  }

  static void mbarrier_init(void* self, unsigned offset, unsigned arrivals) {
    GridRun& run = of(self);
    run.count_step();
    if (arrivals == 0) wrong(run, "an mbarrier of no arrivals");
    Clocks& clocks = run.cluster_->clocks;
    run.block().shared.make_mbarrier(clocks, run.thread_->index, offset);
    run.block().mbarriers.insert_or_assign(offset,
                                           MBarrier(arrivals, clocks.now(run.thread_->index)));
  }
  static void mbarrier_arrive(void* self, unsigned offset, unsigned rank, unsigned expected_bytes) {
    GridRun& run = of(self);
    run.count_step();
    MBarrier& barrier = find(run, rank, offset);
    const unsigned phase = barrier.phase();
    if (rank != run.thread_->view.cluster_rank)
      run.cluster_->blocks[rank].remote[run.thread_->index] =
          run.cluster_->clocks.now(run.thread_->index);
    if (const char* why = barrier.arrive(run.cluster_->clocks, run.thread_->index, expected_bytes))
      wrong(run, why);
    if (barrier.phase() != phase) wake(run, barrier);
  }
  static void mbarrier_wait(void* self, unsigned offset, unsigned parity) {
    GridRun& run = of(self);
    if (parity > 1) wrong(run, "an mbarrier's parity is 0 or 1");
    for (;;) {
      run.count_step();
      MBarrier& barrier = find(run, run.thread_->view.cluster_rank, offset);
      if (barrier.complete(parity)) {
        if (barrier.known() != nullptr)
          run.cluster_->clocks.learn(run.thread_->index, *barrier.known());
        return;
      }
      if (deliver(run, barrier)) continue;
      barrier.waiting.push_back(run.thread_->index);
      run.wait(Thread::State::waiting, "mbarrier", offset);
    }
  }
  static void proxy_fence(void* self) {
    GridRun& run = of(self);
    run.cluster_->clocks.fence_proxy(run.thread_->index);
  }

  // ---- Tensor copies ----

  // Somebody waits: what is on its way to this block arrives.
  static bool deliver(GridRun& run, MBarrier& barrier) {
    if (barrier.loads.empty()) return false;
    Clocks& clocks = run.cluster_->clocks;
    const std::vector<PendingLoad> loads = std::exchange(barrier.loads, {});
    const unsigned phase = barrier.phase();
    for (const PendingLoad& load : loads) {
      const unsigned issuer = load.issued.thread();
      for (unsigned linear = 0; linear < load.tile.bytes(); linear += 16) {
        const TensorTile::Chunk chunk = load.tile.chunk(load.to + shared_base, linear);
        std::byte* to =
            run.block().shared.finish_async_write(clocks, issuer, load.to + chunk.offset);
        const unsigned bytes = load.tile.element_bytes();
        for (unsigned e = 0; e < 16 / bytes; ++e) {
          if (chunk.elements[e] == nullptr) {
            std::memset(to + e * bytes, 0, bytes);
            continue;
          }
          run.memory_.check({clocks, issuer, run.cluster_->threads[issuer].view}, chunk.elements[e],
                            bytes, Access::read);
          std::memcpy(to + e * bytes, chunk.elements[e], bytes);
          if (load.tile.rounds_to_tf32())
            encode(DType::tf32, decode(DType::f32, to + e * bytes), to + e * bytes);
        }
      }
      barrier.bytes_arrived(clocks, load.issued, load.tile.bytes());
    }
    if (barrier.phase() != phase) wake(run, barrier);
    return true;
  }
  static void tensor_load(void* self, const void* map, unsigned to, unsigned barrier_offset,
                          const int* at, unsigned rank, unsigned blocks) {
    GridRun& run = of(self);
    run.count_step();
    const TensorTile tile(map, at, rank);
    if (to % 128 != 0) wrong(run, "the target of a tensor copy is a multiple of 128 bytes");
    Clocks& clocks = run.cluster_->clocks;
    const Stamp issued = clocks.now(run.thread_->index);
    for (unsigned b = 0; b < 32; ++b) {
      if ((blocks >> b & 1u) == 0) continue;
      MBarrier& barrier = find(run, b, barrier_offset);
      if (!clocks.fenced(barrier.initialised(), run.thread_->index))
        wrong(run,
              "a tensor copy counts at an mbarrier without fence_mbarrier_init after its init");
      for (unsigned linear = 0; linear < tile.bytes(); linear += 16)
        run.cluster_->blocks[b].shared.start_async_write(clocks, run.thread_->index, to + linear);
      barrier.loads.push_back({tile, to, issued});
      wake(run, barrier);  // who waits fetches it
    }
    clocks.publish(run.thread_->index);  // its later accesses are not part of what arrives
  }
  static void tensor_store(void* self, const void* map, unsigned from, const int* at,
                           unsigned rank) {
    GridRun& run = of(self);
    run.count_step();
    const TensorTile tile(map, at, rank);
    if (from % 128 != 0) wrong(run, "the source of a tensor copy is a multiple of 128 bytes");
    for (unsigned linear = 0; linear < tile.bytes(); linear += 16)
      run.block().shared.start_async_read(run.cluster_->clocks, run.thread_->index, from + linear);
    run.thread_->stores.stores.push_back({tile, from});
  }
  static void store_commit(void* self) {
    StoreQueue& queue = of(self).thread_->stores;
    queue.group_ends.push_back(queue.stores.size());
  }
  static void store_wait(void* self, unsigned pending) {
    GridRun& run = of(self);
    run.count_step();
    StoreQueue& queue = run.thread_->stores;
    if (queue.group_ends.size() <= pending) return;
    const auto groups = static_cast<std::ptrdiff_t>(queue.group_ends.size() - pending);
    const auto done =
        static_cast<std::ptrdiff_t>(queue.group_ends[static_cast<std::size_t>(groups - 1)]);
    Clocks& clocks = run.cluster_->clocks;
    const unsigned self_index = run.thread_->index;
    for (std::ptrdiff_t i = 0; i < done; ++i) {
      const auto& [tile, from] = queue.stores[static_cast<std::size_t>(i)];
      const unsigned bytes = tile.element_bytes();
      for (unsigned linear = 0; linear < tile.bytes(); linear += 16) {
        const TensorTile::Chunk chunk = tile.chunk(from + shared_base, linear);
        const unsigned source = from + chunk.offset;
        run.block().shared.finish_async_read(clocks, self_index, source);
        for (unsigned e = 0; e < 16 / bytes; ++e) {
          if (chunk.elements[e] == nullptr) continue;
          run.memory_.check({clocks, self_index, run.thread_->view}, chunk.elements[e], bytes,
                            Access::write);
          std::memcpy(chunk.elements[e], run.block().shared.data() + source + e * bytes, bytes);
        }
      }
    }
    queue.stores.erase(queue.stores.begin(), queue.stores.begin() + done);
    queue.group_ends.erase(queue.group_ends.begin(), queue.group_ends.begin() + groups);
    for (std::size_t& end : queue.group_ends) end -= static_cast<std::size_t>(done);
  }

  // ---- wgmma ----

  // Runs `act(group, first thread of it)` once when all 128 threads are here.
  template <class Act>
  static void together(GridRun& run, const char* name, const Act& act) {
    run.count_step();
    const unsigned index = run.thread_->view.thread / Warpgroup::kThreads;
    if (index >= run.block().warpgroups.size())
      wrong(run, "wgmma by warps that form no whole warpgroup");
    Warpgroup& group = run.block().warpgroups[index];
    if (group.arrived.none())
      group.meeting = name;
    else if (std::string_view(group.meeting) != name)
      wrong(run,
            fmt::format("warpgroup diverged: at {} while others wait at {}", name, group.meeting));
    const unsigned within = run.thread_->view.thread % Warpgroup::kThreads;
    group.arrived.set(within);
    if (!group.arrived.all()) {
      run.wait(Thread::State::waiting, name, index);
      return;
    }
    const unsigned first = run.thread_->index - within;
    act(group, first);
    group.arrived.reset();
    for (unsigned i = 0; i < Warpgroup::kThreads; ++i)
      run.cluster_->threads[first + i].state = Thread::State::ready;
  }
  static void wgmma_fence(void* self) {
    GridRun& run = of(self);
    const unsigned thread = run.thread_->view.thread;
    if (thread / Warpgroup::kThreads < run.block().warpgroups.size())
      run.block().warpgroups[thread / Warpgroup::kThreads].fence(thread % Warpgroup::kThreads);
  }
  static void wgmma(void* self, WarpgroupMultiply& part) {
    GridRun& run = of(self);
    const unsigned thread = run.thread_->view.thread;
    if (thread / Warpgroup::kThreads < run.block().warpgroups.size())
      run.block().warpgroups[thread / Warpgroup::kThreads].parts[thread % Warpgroup::kThreads] =
          part;
    together(run, "wgmma", [&run](Warpgroup& group, unsigned first) {
      group.issue(run.cluster_->clocks, first, run.block().shared);
    });
  }
  static void wgmma_commit(void* self) {
    together(of(self), "wgmma_commit", [](Warpgroup& group, unsigned) { group.commit(); });
  }
  static void wgmma_wait(void* self, unsigned pending) {
    GridRun& run = of(self);
    together(run, "wgmma_wait", [&run, pending](Warpgroup& group, unsigned first) {
      Clocks& clocks = run.cluster_->clocks;
      group.wait(clocks, first, run.block().shared, pending);
      // Each thread may tell others that the whole group's products are done: its reads, which are
      // stamped with the first thread, are known to all.
      Knowledge done;
      done.clocks.assign(clocks.threads(), 0);
      done.clocks[first] = clocks.now(first).clock();
      clocks.publish(first);
      for (unsigned i = 1; i < Warpgroup::kThreads; ++i) clocks.learn(first + i, done);
    });
  }
};

const HopperRuntime& hopper_table() {
  static const HopperRuntime table{
      HopperTable::cluster_barrier, HopperTable::elect,         HopperTable::mbarrier_init,
      HopperTable::mbarrier_arrive, HopperTable::mbarrier_wait, HopperTable::proxy_fence,
      HopperTable::tensor_load,     HopperTable::tensor_store,  HopperTable::store_commit,
      HopperTable::store_wait,      HopperTable::wgmma_fence,   HopperTable::wgmma,
      HopperTable::wgmma_commit,    HopperTable::wgmma_wait,
  };
  return table;
}

}  // namespace perftune::emulation
