#include <algorithm>

#include "costmodel/library_model.hpp"

namespace perftune {
namespace {

struct Tile {
  int m, n, warp_m, warp_n;
  int stages;  // at a k step of 128 bytes
};

// As kernel names of cuBLAS show them: ampere_bf16_s16816gemm_bf16_{256x128,128x256,...}_ldg8_f2f
// _stages_{64x3,64x4,...}, cutlass_80_tensorop_*_{64x64,...}; warps as CUTLASS places them.
constexpr Tile kTensorTiles[] = {
    {256, 128, 64, 64, 3}, {128, 256, 64, 64, 3}, {256, 64, 64, 64, 4}, {64, 256, 64, 64, 4},
    {128, 128, 64, 64, 4}, {128, 64, 64, 32, 4},  {64, 128, 32, 64, 4}, {64, 64, 32, 32, 6},
    {64, 32, 32, 16, 6},   {32, 64, 16, 32, 6},   {32, 32, 16, 16, 6},  {16, 64, 16, 16, 6},
    {64, 16, 16, 16, 6},   {128, 32, 32, 32, 5},  {32, 128, 32, 32, 5}, {16, 128, 16, 32, 5},
    {128, 16, 32, 16, 5},
};

// sm90_xmma_gemm_bf16bf16_*_tilesize{64x..,128x..,256x128x64}; a warpgroup is four warps of 16 rows.
constexpr Tile kWarpgroupTiles[] = {
    {256, 128, 32, 128, 8}, {128, 256, 16, 256, 8}, {128, 192, 16, 192, 8}, {128, 128, 16, 128, 8},
    {128, 64, 16, 64, 8},   {64, 256, 16, 256, 8},  {64, 128, 16, 128, 8},  {64, 64, 16, 64, 8},
    {64, 32, 16, 32, 8},    {64, 16, 16, 16, 8},    {64, 8, 16, 8, 8},
};

// {volta,ampere}_sgemm_{128x128,128x64,64x64,32x128,...}, with the slices its name carries. A name's first
// extent lies along rows of a column-major output, which are our n: traces show 128x64 with a grid of
// n / 128 x m / 64 blocks.
struct SimtTile {
  int m, n, warp_m, warp_n, thread_m, thread_n, slices;
};
constexpr SimtTile kSimtTiles[] = {
    {128, 128, 32, 64, 8, 8, 1}, {64, 128, 64, 32, 8, 8, 1}, {64, 64, 32, 32, 8, 4, 1},
    {128, 32, 32, 32, 8, 4, 1},  {32, 128, 32, 32, 8, 4, 1}, {32, 64, 32, 32, 8, 4, 4},
    {32, 32, 32, 32, 8, 4, 4},   {128, 32, 64, 32, 8, 8, 4},
};

PipelineProgram tensor_program(const Tile& tile, int block_k, int stages, InstructionClass instruction,
                               double element_bytes) {
  PipelineProgram p;
  ContractionTiles& t = p.tiles;
  t.block_m = tile.m;
  t.block_n = tile.n;
  t.block_k = block_k;
  t.warp_m = tile.warp_m;
  t.warp_n = tile.warp_n;
  t.stages = stages;
  t.raster = 8;
  t.vector_a = t.vector_b = t.vector_c = static_cast<int>(16 / element_bytes);
  if (instruction == InstructionClass::wgmma && tile.m >= 128) t.cluster_m = 2;
  p.instruction = instruction;
  const int accumulators = tile.m * tile.n / t.threads();
  p.registers = std::min(255, accumulators + (instruction == InstructionClass::wgmma ? 40 : 72));
  p.shared_bytes = static_cast<std::int64_t>(stages * (tile.m + tile.n) * block_k * element_bytes);
  return p;
}

// As many stages as leave room for the tile, at most `most`.
int fitting_stages(const Tile& tile, int block_k, double element_bytes, const Hardware& hw) {
  const double step = (tile.m + tile.n) * block_k * element_bytes;
  const int most = static_cast<int>(tile.stages * 128 / (block_k * element_bytes));
  return std::min(hw.compute_capability < 80 ? 2 : most,
                  static_cast<int>(hw.sm.shared_bytes_optin / step));
}

void add_tensor(std::vector<PipelineProgram>& out, std::span<const Tile> tiles,
                InstructionClass instruction, std::span<const int> depths_bytes,
                const ContractionWork& work, const Hardware& hw) {
  for (const Tile& tile : tiles)
    for (const int bytes : depths_bytes) {
      const int block_k = static_cast<int>(bytes / work.a.element_bytes);
      const int stages = fitting_stages(tile, block_k, work.a.element_bytes, hw);
      if (stages >= 2)
        out.push_back(tensor_program(tile, block_k, stages, instruction, work.a.element_bytes));
    }
}

PipelineProgram simt_program(const SimtTile& tile, double element_bytes) {
  PipelineProgram p;
  ContractionTiles& t = p.tiles;
  t.block_m = tile.m;
  t.block_n = tile.n;
  t.block_k = 8 * tile.slices;
  t.warp_m = tile.warp_m;
  t.warp_n = tile.warp_n;
  t.thread_m = tile.thread_m;
  t.thread_n = tile.thread_n;
  t.slice_k = tile.slices;
  t.stages = 2;
  t.raster = 8;
  t.vector_a = t.vector_b = t.vector_c = static_cast<int>(std::max(1.0, 16 / element_bytes));
  p.instruction = InstructionClass::simt;
  p.registers = tile.thread_m * tile.thread_n + 58;
  p.shared_bytes = static_cast<std::int64_t>(t.stages * (tile.m + tile.n) * t.block_k * element_bytes);
  return p;
}

}  // namespace

std::vector<PipelineProgram> library_programs(const ContractionWork& work, const Hardware& hardware) {
  std::vector<PipelineProgram> out;
  const bool tensor = hardware.peak_tflops(work.multiply, Pipe::tensor) > 0 && work.multiply != DType::f32;
  if (!tensor) {
    for (const SimtTile& tile : kSimtTiles) {
      // Batched calls get a large tile whatever the shape: traces of PyTorch's bmm name ampere_sgemm_128x128
      // on sm_80, and before it volta_sgemm 128x64, 64x64, 128x32 and 32x128, none with slices.
      const bool largest = tile.m == 128 && tile.n == 128;
      if (work.batch > 1 && (hardware.compute_capability >= 80 ? !largest : largest || tile.slices > 1))
        continue;
      out.push_back(simt_program(tile, work.a.element_bytes));
    }
    return out;
  }
  static constexpr int kDepths[] = {64, 128};
  static constexpr int kWarpgroupDepths[] = {128};
  if (hardware.compute_capability >= 90 && hardware.compute_capability < 120)
    add_tensor(out, kWarpgroupTiles, InstructionClass::wgmma, kWarpgroupDepths, work, hardware);
  else
    add_tensor(out, kTensorTiles, InstructionClass::mma, kDepths, work, hardware);
  return out;
}

}  // namespace perftune
