// The kernels of one operator ready to be called on the same buffers, and the oracle to judge them: what
// every comparison with a CPU library starts from.
#pragma once

#include <deque>
#include <string>

#include "bench/cpu_gemm/contest.hpp"
#include "executor/cpu_device.hpp"
#include "executor/verification.hpp"

namespace perftune::bench {

class Arena {
 public:
  // Fills the inputs. `op` and `hardware` must outlive the arena.
  Arena(const Operator& op, const Hardware& hardware, int threads);

  // Throws Error{internal} when the kernel cannot be loaded.
  Contender contender(std::string name, const CompiledKernel& kernel, const Launch& launch);
  float* data(int tensor);
  // Throws Error{internal} naming `what` when the kernel's result is not the oracle's.
  void verify(const CompiledKernel& kernel, const Launch& launch, const std::string& what);

 private:
  Verifier verifier_;
  CpuDevice device_;
  std::deque<PreparedKernel> kernels_;  // contenders refer to them
};

}  // namespace perftune::bench
