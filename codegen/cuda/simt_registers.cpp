// How many registers ptxas takes for a scalar contraction, and how many it may.
//
// Left alone, ptxas hoists loads until it has filled what the launch bound allows. So the bound
// is derived from what the kernel needs: as many blocks per SM as that leaves room for. The
// formula is a least-squares fit (relative error) to bench/ptxas_sweep over sm_75, 80, 90a and
// 100 with CUDA 13.0: 84 % of 170 unbounded kernels lie within 20 % of it. At 0.9 of it few
// spill.
#include <algorithm>

#include "codegen/cuda/contraction_simt.hpp"

namespace perftune {
namespace {

constexpr double kNeeded = 0.9;      // of the natural count
constexpr int kRegistersPerSm = 65536;
constexpr int kMostRegisters = 255;  // per thread

struct Share {
  int row_offsets = 0;   // kept for the whole loop
  double held_words = 0; // on their way to shared memory through registers
  int vectors = 0;
};

// A thread's share of one operand's tile (TileLoader of shared_tile.cuh).
Share share_of(const Access& access, int rows, bool along_k, int vector, const ContractionTiles& t,
               int compute_capability) {
  const int bytes = vector * static_cast<int>(size_bytes(access.type));
  const int line = (along_k ? t.block_k : rows) / vector;
  Share share;
  share.vectors = (rows * t.block_k / vector + t.threads() - 1) / t.threads();
  share.row_offsets = !along_k && t.threads() % line == 0 ? 1 : share.vectors;
  if (t.index_bits == 64) share.row_offsets *= 2;
  const bool asynchronous = compute_capability >= 80 && bytes >= 4 && access.pad == 0;
  if (!asynchronous) share.held_words = share.vectors * std::max(1.0, bytes / 4.0);
  share.row_offsets += share.vectors * static_cast<int>(access.bounds.size());
  return share;
}

// Registers of one operand's part in a step of depth_vector products.
double fragment_words(const Access& access, int extent, bool along_k, const SimtMapping& map) {
  const int depth = along_k || map.dot4 ? map.depth_vector : 1;
  return extent * static_cast<double>(size_bytes(access.type)) * depth / 4;
}

double natural_registers(const Contraction& form, const ContractionTiles& t,
                         const SimtMapping& map, int compute_capability) {
  const double sums = t.thread_m * t.thread_n * (form.accumulate == DType::f64 ? 2 : 1);
  const double fragments = fragment_words(form.a, t.thread_m, map.a_along_k, map) +
                           fragment_words(form.b, t.thread_n, map.b_along_k, map);
  const Share a =
      share_of(form.a, t.block_m, map.a_along_k, t.vector_a, t, compute_capability);
  const Share b =
      share_of(form.b, t.block_n, map.b_along_k, t.vector_b, t, compute_capability);
  return 50 + 1.29 * sums + 0.41 * fragments + 1.77 * (a.row_offsets + b.row_offsets) +
         0.8 * (a.held_words + b.held_words) + std::min(a.vectors + b.vectors, 16);
}

int threads_per_sm(int compute_capability) {
  switch (compute_capability) {
    case 75: return 1024;
    case 86:
    case 87:
    case 89:
    case 120:
    case 121: return 1536;
    default: return 2048;
  }
}

// What ptxas may use when so many blocks are to be resident: registers are given to four warps at
// a time, one per scheduler, in units of eight per thread.
int registers_at(int blocks, const ContractionTiles& t) {
  const int warps = (blocks * t.threads() / 32 + 3) / 4 * 4;
  return std::min(kMostRegisters, kRegistersPerSm / (warps * 32) / 8 * 8);
}

}  // namespace

SimtRegisters SimtRegisters::of(const Contraction& form, const ContractionTiles& t,
                                const SimtMapping& map, const Hardware& hardware) {
  const double natural = natural_registers(form, t, map, hardware.compute_capability);
  SimtRegisters result;
  result.needed = static_cast<int>(kNeeded * natural);
  const int needed = std::min(result.needed, kMostRegisters);
  const int most = threads_per_sm(hardware.compute_capability) / t.threads();
  int blocks = std::clamp(most, 1, 16);
  while (blocks > 1 && registers_at(blocks, t) < needed) --blocks;
  result.min_blocks = t.min_blocks == 0 ? 0 : std::max(blocks, t.min_blocks);
  result.bound = registers_at(std::max(1, result.min_blocks), t);
  result.expected = std::min(static_cast<int>(natural), result.bound);
  return result;
}

}  // namespace perftune
