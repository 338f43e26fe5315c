// The threads of one emulated cluster, its blocks' shared memory, and what they wait for.
//
// State only: grid_run.cpp schedules these threads and implements what they call.
#pragma once

#include <array>
#include <bitset>
#include <map>
#include <string_view>
#include <vector>

#include "codegen/emulation/device/runtime.hpp"
#include "executor/emulation/clocks.hpp"
#include "executor/emulation/mbarrier.hpp"
#include "executor/emulation/shared_memory.hpp"
#include "executor/emulation/warpgroup.hpp"

namespace perftune::emulation {

// One cp.async; `from` is nullptr where zeros are to be written.
struct PendingCopy {
  unsigned offset;
  unsigned bytes;
  const void* from;
};

// The copies of one thread that have not arrived. Groups complete in the order of their commits
// (PTX ISA 9.7.9.25.3.2), so they are kept in one queue with the ends of its groups.
struct CopyQueue {
  std::vector<PendingCopy> copies;
  std::vector<std::size_t> group_ends;  // positions in `copies`
};

// The tensor stores of one thread that may still read shared memory.
struct StoreQueue {
  struct Store {
    TensorTile tile;
    unsigned from;
  };
  std::vector<Store> stores;
  std::vector<std::size_t> group_ends;
};

struct Thread {
  enum class State : std::uint8_t { ready, waiting, polling, finished };
  ThreadView view;
  unsigned index = 0;  // in its cluster: what Clocks calls a thread
  unsigned block = 0;  // in its cluster
  State state = State::ready;
  std::string_view waits_at;  // State::waiting: "barrier", "shuffle", ... (static text)
  unsigned waits_id = 0;
  CopyQueue copies;
  StoreQueue stores;
};

struct NamedBarrier {
  unsigned arrived = 0;
  unsigned expected = 0;  // threads; 0: nobody has arrived yet
  bool any = false;       // of the values that the arrived threads brought
  bool last_any = false;  // of the phase that completed last
  Meeting meeting;
  std::vector<unsigned> waiting;  // threads of the cluster
};

struct Warp {
  std::bitset<32> arrived;
  const char* name = nullptr;  // of the collective that is under way
  Combine combine = nullptr;
  std::array<void*, 32> parts{};
  Meeting meeting;  // of sync_warp
};

struct Block {
  SharedMemory shared;
  std::map<unsigned, MBarrier> mbarriers;  // by offset
  std::vector<Warpgroup> warpgroups;       // whole ones
  std::map<unsigned, Stamp> remote;        // newest arrival at `mbarriers` by thread of another block
  unsigned running = 0;                    // threads that have not ended
  std::array<NamedBarrier, 16> barriers;
  std::vector<Warp> warps;
};

struct Cluster {
  Cluster(unsigned number, unsigned block_count, unsigned threads_per_block)
      : clocks(number, block_count * threads_per_block),
        blocks(block_count),
        threads(std::size_t{block_count} * threads_per_block) {}
  Clocks clocks;
  NamedBarrier barrier;  // of the whole cluster
  std::vector<Block> blocks;
  std::vector<Thread> threads;
  unsigned first_fiber = 0;
  unsigned finished = 0;
};

}  // namespace perftune::emulation
