// The CPU model on hardware that is plain data: what must be true of any sensible prediction.
#include "costmodel/contraction_cpu.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "codegen/cpu/contraction_emitter.hpp"
#include "codegen/cpu/cpu_tiles.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

Hardware zen5(int cores) {
  Hardware hardware;
  hardware.kind = Hardware::Kind::cpu;
  hardware.name = "cpu-test";
  hardware.sms = cores;
  CpuLimits& cpu = hardware.cpu;
  cpu.cores = cores, cpu.simd_bits = 512, cpu.isa = "avx512", cpu.vector_registers = 32;
  cpu.fma_per_cycle = 2, cpu.fma_latency = 4, cpu.clock_ghz = 3.9;
  cpu.l1_bytes = 48 << 10, cpu.l2_bytes = 1 << 20, cpu.l3_bytes = 32 << 20;
  hardware.dram_gbps = 40;
  return hardware;
}

Operator product(int m, int n, int k) {
  const std::string dims = "{m: " + std::to_string(m) + ", n: " + std::to_string(n) +
                           ", k: " + std::to_string(k) + "}";
  return parse_operator_text("name: p\ndims: " + dims +
                                 "\ninputs: {A: \"f32[m,k]\", B: \"f32[k,n]\"}\n"
                                 "outputs: {C: \"f32[m,n]\"}\n"
                                 "compute:\n  - C[m,n] = sum[k](A[m,k] * B[k,n])\n",
                             "test")
      .at(0)
      .op;
}

Prediction predict(const Operator& op, const CpuTiles& tiles, const Hardware& hardware) {
  const TileProgram program = tiles.to_program();
  const Resources resources = CpuContractionEmitter().estimate(op, program, hardware);
  return ContractionCpuModel().predict(op, hardware, {&program, 1}, {&resources, 1}).at(0);
}

CpuTiles tile(std::int64_t rows, std::int64_t vectors) {
  CpuTiles tiles;
  tiles.register_m = rows, tiles.register_n = vectors;
  return tiles;
}

TEST(ContractionCpuModel, NeverBeatsTheArithmeticPeak) {
  const Hardware hardware = zen5(1);
  for (const int extent : {16, 64, 127, 256, 1000, 2048}) {
    const Operator op = product(extent, extent, extent);
    const double peak_us = op.flops() / (2 * 16 * 2 * 3.9 * 1e3);
    for (const auto& [rows, vectors] : {std::pair{8, 3}, {14, 2}, {6, 4}, {1, 8}})
      EXPECT_GT(predict(op, tile(rows, vectors), hardware).us, peak_us) << extent;
  }
}

TEST(ContractionCpuModel, NeverBeatsMemoryWhereNothingStaysInACache) {
  const Operator op = product(1, 16384, 16384);  // 1 GB of B
  CpuTiles tiles;
  tiles.form = CpuTiles::axpy, tiles.unroll = 4, tiles.block_n = 4096;
  const Prediction prediction = predict(op, tiles, zen5(2));
  EXPECT_GE(prediction.us, op.compulsory_bytes() / 40e3);
  EXPECT_EQ(prediction.limiter, "dram");
}

TEST(ContractionCpuModel, FewSumsLeaveThePipesIdle) {
  const Operator op = product(256, 256, 256);
  const Hardware hardware = zen5(1);
  EXPECT_GT(predict(op, tile(1, 1), hardware).us, 3 * predict(op, tile(8, 3), hardware).us);
}

TEST(ContractionCpuModel, ASecondThreadHelpsLargeProductsOnly) {
  const Hardware hardware = zen5(2);
  CpuTiles one = tile(8, 3), two = tile(8, 3);
  two.threads_m = 2;
  const Operator large = product(1024, 1024, 256), small = product(16, 48, 16);
  EXPECT_LT(predict(large, two, hardware).us, 0.65 * predict(large, one, hardware).us);
  EXPECT_GT(predict(small, two, hardware).us, predict(small, one, hardware).us);
}

TEST(ContractionCpuModel, PackingSmallOperandsCosts) {
  const Operator op = product(64, 64, 64);
  CpuTiles packed = tile(8, 2);
  packed.pack_a = packed.pack_b = 1;
  EXPECT_GT(predict(op, packed, zen5(1)).us, predict(op, tile(8, 2), zen5(1)).us);
}

TEST(ContractionCpuModel, PartsAreFiniteAndTheLimiterIsOneOfThem) {
  for (const int m : {1, 7, 128, 2048}) {
    const Prediction prediction = predict(product(m, 333, 777), tile(std::min(m, 8), 3), zen5(2));
    bool named = false;
    for (const StageTime& stage : prediction.breakdown) {
      EXPECT_TRUE(std::isfinite(stage.us) && stage.us >= 0) << stage.stage;
      named |= stage.stage == prediction.limiter;
    }
    EXPECT_TRUE(named);
    EXPECT_LE(prediction.low_us, prediction.us);
    EXPECT_GE(prediction.high_us, prediction.us);
  }
}

TEST(CpuContractionEmitter, ShrinkKeepsTheProgramLegalAndItsPathsAlive) {
  const Hardware hardware = zen5(2);
  const CpuContractionEmitter emitter;
  CpuTiles tiles = tile(8, 3);
  tiles.split_k = 2, tiles.pack_b = 1;
  const Operator large = product(4096, 4096, 4096);
  const Operator small = emitter.shrink(large, tiles.to_program());
  EXPECT_FALSE(emitter.illegal(small, tiles.to_program(), hardware));
  EXPECT_LT(small.flops(), 2e6);
  const Dims dims = small.base_dims();
  EXPECT_NE(dims.at("m") % 8, 0);         // a ragged last tile of rows
  EXPECT_NE(dims.at("n") % 16, 0);        // and of columns, below a vector
  EXPECT_GT(dims.at("m"), 8);
  EXPECT_GT(dims.at("n"), 3 * 16);
  EXPECT_GE(dims.at("k"), 2 * 2 * 16);    // two cache lines of steps per slice
  EXPECT_EQ(emitter.emit(small, tiles.to_program(), hardware).source,
            emitter.emit(large, tiles.to_program(), hardware).source);
}

TEST(CpuContractionEmitter, ShrinkNeverGrows) {
  const CpuTiles tiles = tile(4, 2);
  const Dims dims = CpuContractionEmitter().shrink(product(3, 5, 7), tiles.to_program()).base_dims();
  EXPECT_EQ(dims.at("m"), 3);
  EXPECT_EQ(dims.at("n"), 5);
  EXPECT_EQ(dims.at("k"), 7);
}

}  // namespace
}  // namespace perftune
