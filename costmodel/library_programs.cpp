#include <algorithm>

#include "costmodel/library_model.hpp"

namespace perftune {
namespace {

struct Tile {
  int m, n, warp_m, warp_n;
  int stages;
  int block_k = 64;  // of 16-bit elements
  int slices = 1;
};

// As kernel names of cuBLAS show them: ampere_bf16_s16816gemm_bf16_{256x128,64x64_sliced1x2,...}_ldg8_f2f_stages
// _{32x3,64x5,...}, cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_{256x64_32x4,128x64_32x6,...} and
// cutlass_80_wmma_tensorop_bf16_s161616gemm_bf16_{16x16_128x2,32x32_128x2}; warps as CUTLASS places them.
constexpr Tile kTensorTiles[] = {
    {256, 128, 64, 64, 3, 32}, {256, 128, 64, 64, 3, 64},  {128, 256, 64, 64, 3, 32}, {128, 256, 64, 64, 3, 64},
    {256, 64, 64, 64, 4, 32},  {256, 64, 64, 64, 4, 64},   {64, 256, 64, 64, 4, 32},  {64, 256, 64, 64, 4, 64},
    {128, 128, 64, 64, 5, 32}, {128, 128, 64, 64, 3, 64},  {128, 128, 64, 64, 4, 64}, {128, 64, 64, 32, 6, 32},
    {128, 64, 64, 32, 3, 64},  {128, 64, 64, 32, 4, 64},   {64, 128, 32, 64, 6, 32},  {64, 128, 32, 64, 3, 64},
    {64, 128, 32, 64, 4, 64},  {64, 64, 32, 32, 6, 32},    {64, 64, 32, 32, 10, 32},  {64, 64, 32, 32, 5, 64},
    {64, 64, 32, 32, 6, 64},   {64, 64, 32, 64, 5, 64, 2}, {32, 32, 16, 16, 2, 128},  {16, 16, 16, 16, 2, 128},
};

// nvjet_{hsh,tst}_{64x8_64x16,128x16_64x11,64x96_64x10,160x64_64x7,256x152_64x4,...}, of cuBLAS from CUDA 12.6 on:
// the rows of wgmma are a multiple of 64, its columns of 8 (here mostly 16), along either extent; as many steps of
// 64 are in flight as shared memory takes, at most 16. Two warpgroups share tiles of 128 rows and more.
constexpr int kWarpgroupRows[] = {64, 128, 256};
constexpr int kWarpgroupMost = 256 * 160;  // outputs that the registers of two warpgroups hold

std::vector<Tile> warpgroup_tiles() {
  std::vector<Tile> out;
  for (const int rows : kWarpgroupRows)
    for (int columns = 8; columns <= 256 && rows * columns <= kWarpgroupMost; columns += columns < 16 ? 8 : 16) {
      const int warps = rows < 128 ? 4 : 8;
      out.push_back({rows, columns, rows / warps, columns, 16});
      if (columns % 64 != 0) out.push_back({columns, rows, columns, rows / warps, 16});  // operands swapped
    }
  return out;
}

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
  t.slice_k = tile.slices;
  t.raster = 8;
  t.vector_a = t.vector_b = t.vector_c = static_cast<int>(16 / element_bytes);
  if (instruction == InstructionClass::wgmma) {
    t.swap = tile.warp_m == tile.m ? 1 : 0;  // multicast goes to a pair that shares the tile's columns
    if (t.swap == 0 && tile.m >= 128) t.cluster_m = 2;
    if (t.swap != 0 && tile.n >= 128) t.cluster_n = 2;
  }
  p.instruction = instruction;
  const int accumulators = tile.m * tile.n / t.threads();
  p.registers = std::min(255, accumulators + (instruction == InstructionClass::wgmma ? 40 : 72));
  p.shared_bytes = static_cast<std::int64_t>(stages * (tile.m + tile.n) * block_k * element_bytes);
  return p;
}

void add_tensor(std::vector<PipelineProgram>& out, std::span<const Tile> tiles, InstructionClass instruction,
                const ContractionWork& work, const Hardware& hw) {
  for (const Tile& tile : tiles) {
    const int block_k = static_cast<int>(tile.block_k * 2 / work.a.element_bytes);
    const double step = (tile.m + tile.n) * block_k * work.a.element_bytes;
    int stages = tile.stages;
    if (instruction == InstructionClass::wgmma)
      stages = std::min(stages, static_cast<int>(hw.sm.shared_bytes_optin / step));
    if (hw.compute_capability < 80) stages = 2;
    if (stages >= 2 && stages * step <= hw.sm.shared_bytes_optin)
      out.push_back(tensor_program(tile, block_k, stages, instruction, work.a.element_bytes));
  }
}

// internal::gemvx::kernel, for one row: eight warps share k, and weights go to registers.
PipelineProgram vector_program(double element_bytes) {
  PipelineProgram p = tensor_program({1, 8, 1, 8, 4, 256, 8}, static_cast<int>(512 / element_bytes), 4,
                                     InstructionClass::mma, element_bytes);
  p.registers = 40;
  p.shared_bytes = 1024;
  return p;
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
  if (hardware.compute_capability >= 90 && hardware.compute_capability < 120)
    add_tensor(out, warpgroup_tiles(), InstructionClass::wgmma, work, hardware);
  else {
    add_tensor(out, kTensorTiles, InstructionClass::mma, work, hardware);
    out.push_back(vector_program(work.a.element_bytes));
  }
  return out;
}

}  // namespace perftune
