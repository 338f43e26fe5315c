#include <algorithm>

#include "codegen/cuda/contraction_rules.hpp"

namespace perftune {
namespace {

constexpr int kRegistersPerSm = 65536;
constexpr int kMostRegisters = 255;  // per thread

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

}  // namespace

// What ptxas may use when so many blocks are to be resident: registers are given to four warps at
// a time, one per scheduler, in units of eight per thread.
int LaunchBound::registers_at(int blocks, const ContractionTiles& t) {
  const int warps = (blocks * t.threads() / 32 + 3) / 4 * 4;
  return std::min(kMostRegisters, kRegistersPerSm / (warps * 32) / 8 * 8);
}

LaunchBound LaunchBound::of(int needed, const ContractionTiles& t, const Hardware& hardware) {
  const int most = threads_per_sm(hardware.compute_capability) / t.threads();
  int blocks = std::clamp(most, 1, 16);
  while (blocks > 1 && registers_at(blocks, t) < std::min(needed, kMostRegisters)) --blocks;
  LaunchBound bound;
  bound.min_blocks = t.min_blocks == 0 ? 0 : std::max(blocks, t.min_blocks);
  bound.registers = registers_at(std::max(1, bound.min_blocks), t);
  return bound;
}

StagingRegisters StagingRegisters::of(const Access& access, int rows, bool along_k, int vector,
                                      const ContractionTiles& t, const Hardware& hardware) {
  const int bytes = vector * static_cast<int>(size_bytes(access.type));
  const int line = (along_k ? t.block_k : rows) / vector;
  StagingRegisters share;
  share.vectors = (rows * t.block_k / vector + t.threads() - 1) / t.threads();
  share.row_offsets = !along_k && t.threads() % line == 0 ? 1 : share.vectors;
  if (t.index_bits == 64) share.row_offsets *= 2;
  const bool asynchronous =
      hardware.compute_capability >= 80 && bytes >= 4 && access.pad == 0;
  if (!asynchronous) share.held_words = share.vectors * std::max(1.0, bytes / 4.0);
  share.row_offsets += share.vectors * static_cast<int>(access.bounds.size());
  return share;
}

}  // namespace perftune
