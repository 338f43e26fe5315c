// Counts shared-memory bank conflicts of an emulated launch: an option, for tests.
//
// Shared memory has 32 banks of 4 bytes. A warp's access takes as many wavefronts as the most
// loaded bank has distinct words; 8- and 16-byte accesses go by half and quarter warps (CUDA C++
// Programming Guide, "Shared Memory"; Best Practices Guide 10.2.3.1). Lanes run one after
// another here, so a warp's access is put together from each lane's n-th visit to one place in
// the code.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "codegen/emulation/device/runtime.hpp"

namespace perftune::emulation {

class BankConflicts {
 public:
  void record(const ThreadView& thread, const void* site, unsigned offset, unsigned bytes);

  struct Summary {
    std::uint64_t accesses = 0;    // of a warp
    std::uint64_t wavefronts = 0;  // that they took
    std::uint64_t ideal = 0;       // without conflicts
    unsigned worst = 0;            // wavefronts of one phase
  };
  Summary summary() const;

 private:
  struct LaneAccess {
    unsigned lane, offset, bytes;
  };
  // block x, y, z; warp; place in the code; n-th visit
  using Key = std::tuple<unsigned, unsigned, unsigned, unsigned, const void*, unsigned>;
  using Visitor = std::tuple<unsigned, unsigned, unsigned, unsigned, const void*>;  // with thread
  std::map<Key, std::vector<LaneAccess>> accesses_;
  std::map<Visitor, unsigned> visits_;
};

}  // namespace perftune::emulation
