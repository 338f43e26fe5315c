// One mbarrier: counts arrivals and bytes of a phase, then starts the next (PTX ISA 9.7.13.15).
//
// A phase completes when no arrival and no byte is pending; who waits for it then knows what all
// arrivals knew. Values only; misuse comes back as a text.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "executor/emulation/clocks.hpp"
#include "executor/emulation/tensor_tile.hpp"

namespace perftune::emulation {

// A tensor load whose bytes count here and have not arrived.
struct PendingLoad {
  TensorTile tile;
  unsigned to;
  Stamp issued;
};

class MBarrier {
 public:
  MBarrier(unsigned arrivals, Stamp initialised)
      : arrivals_(arrivals), pending_(arrivals), initialised_(initialised) {}

  Stamp initialised() const { return initialised_; }
  bool complete(unsigned parity) const { return phase_ % 2 != parity; }
  unsigned phase() const { return phase_; }
  // Of the phase that completed last; null before the first.
  const KnowledgePtr& known() const { return known_; }

  // nullptr, or what is wrong. `expected_bytes` are added before the arrival counts.
  const char* arrive(Clocks& clocks, unsigned thread, unsigned expected_bytes);
  void bytes_arrived(const Clocks& clocks, Stamp issued, unsigned bytes);

  std::vector<PendingLoad> loads;
  std::vector<unsigned> waiting;  // threads of the cluster

 private:
  void check_complete();

  unsigned arrivals_;
  unsigned pending_;
  std::int64_t bytes_ = 0;
  unsigned phase_ = 0;
  Meeting meeting_;
  KnowledgePtr known_;
  Stamp initialised_;
};

}  // namespace perftune::emulation
