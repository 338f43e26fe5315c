// How many registers ptxas takes for a scalar contraction, and how many it may.
//
// Left alone, ptxas hoists loads until it has filled what the launch bound allows. So the bound
// is derived from what the kernel needs: as many blocks per SM as that leaves room for. The
// formula is a least-squares fit (relative error) to bench/ptxas_sweep over sm_75, 80, 90a and
// 100 with CUDA 13.0: 84 % of 170 unbounded kernels lie within 20 % of it. At 0.9 of it few
// spill.
#include <algorithm>

#include "codegen/cuda/simt_rules.hpp"

namespace perftune {
namespace {

constexpr double kNeeded = 0.9;      // of the natural count

// Registers of one operand's part in a step of depth_vector products.
double fragment_words(const Access& access, int extent, bool along_k, const SimtMapping& map) {
  const int depth = along_k || map.dot4 ? map.depth_vector : 1;
  return extent * static_cast<double>(size_bytes(access.type)) * depth / 4;
}

double natural_registers(const Contraction& form, const ContractionTiles& t,
                         const SimtMapping& map, const Hardware& hardware) {
  const double sums = t.thread_m * t.thread_n * (form.accumulate == DType::f64 ? 2 : 1);
  const double fragments = fragment_words(form.a, t.thread_m, map.a_along_k, map) +
                           fragment_words(form.b, t.thread_n, map.b_along_k, map);
  const auto a = StagingRegisters::of(form.a, t.block_m, map.a_along_k, t.vector_a, t, hardware);
  const auto b = StagingRegisters::of(form.b, t.block_n, map.b_along_k, t.vector_b, t, hardware);
  return 50 + 1.29 * sums + 0.41 * fragments + 1.77 * (a.row_offsets + b.row_offsets) +
         0.8 * (a.held_words + b.held_words) + std::min(a.vectors + b.vectors, 16);
}

}  // namespace

SimtRegisters SimtRegisters::of(const Contraction& form, const ContractionTiles& t,
                                const SimtMapping& map, const Hardware& hardware) {
  const double natural = natural_registers(form, t, map, hardware);
  SimtRegisters result;
  result.needed = static_cast<int>(kNeeded * natural);
  const LaunchBound bound = LaunchBound::of(result.needed, t, hardware);
  result.min_blocks = bound.min_blocks;
  result.expected = std::min(static_cast<int>(natural), bound.registers);
  return result;
}

}  // namespace perftune
