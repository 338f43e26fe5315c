// wgmma: what a descriptor means, and the products that a warpgroup has under way.
//
// Sums are poisoned from issue until the wait for their group, so early uses show as NaN and
// changes are noticed. Operands in shared memory are registered as being read from issue to wait,
// and read at the wait. One warpgroup of one block; defects are thrown.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "codegen/emulation/device/hopper_runtime.hpp"
#include "executor/emulation/shared_memory.hpp"

namespace perftune::emulation {

// A matrix in shared memory as a descriptor describes it (PTX ISA 9.7.15.5.1.2.2). `across` counts
// rows of A or columns of B.
class SharedMatrix {
 public:
  // Throws Defect for what no kernel here may ask: a base offset, a misaligned start.
  SharedMatrix(std::uint64_t descriptor, unsigned element_bytes, bool along_mn);
  // Offset in the arena of element (across, k); elements of one 16-byte chunk are neighbours.
  unsigned offset(unsigned across, unsigned k) const;

 private:
  unsigned start_, leading_, stride_;
  unsigned span_;  // of the swizzle in bytes; 0: none
  unsigned element_bytes_;
  bool along_mn_;
};

class Warpgroup {
 public:
  static constexpr unsigned kThreads = 128;

  // The gathering of all threads, for grid_run.
  std::bitset<kThreads> arrived;
  const char* meeting = nullptr;
  std::array<WarpgroupMultiply, kThreads> parts{};

  void fence(unsigned thread) { fenced_.set(thread); }
  // `leader`: the cluster's number of the group's first thread; accesses are checked in its name.
  void issue(const Clocks& clocks, unsigned leader, SharedMemory& shared);
  void commit() { group_ends_.push_back(products_.size()); }
  void wait(const Clocks& clocks, unsigned leader, SharedMemory& shared, unsigned pending);
  bool idle() const { return products_.empty(); }

 private:
  using Sums = std::array<unsigned*, kThreads>;
  struct Product {
    WarpgroupMultiply shape;  // of the first thread
    Sums sums;
    std::vector<std::array<unsigned, 4>> a_registers;  // by thread; empty: A is in shared memory
    std::vector<unsigned> chunks;                      // of shared memory that it reads
  };
  struct InFlight {                // sums of products under way, by the first thread's address
    std::vector<unsigned> values;  // n / 2 per thread
    unsigned users = 0;
    unsigned n = 0;
  };
  void compute(const Product& product, SharedMemory& shared, InFlight& into) const;
  static void check_poison(const Product& product);

  std::deque<Product> products_;
  std::vector<std::size_t> group_ends_;
  std::map<unsigned*, InFlight> in_flight_;
  std::map<unsigned*, std::vector<unsigned>> returned_;  // sums as the last wait left them
  std::bitset<kThreads> fenced_;                         // since the last wait
};

}  // namespace perftune::emulation
