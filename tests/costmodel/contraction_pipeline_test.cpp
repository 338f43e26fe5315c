#include "costmodel/contraction_pipeline.hpp"

#include <gtest/gtest.h>

#include "costmodel/advice.hpp"
#include "gpu_samples.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {
namespace {

ContractionWork matmul(double m, double n, double k, DType type, double bytes) {
  ContractionWork w;
  w.m = m;
  w.n = n;
  w.k = k;
  w.a = {bytes, 1, m * k * bytes};
  w.b = {bytes, 1, n * k * bytes};
  w.c = {bytes, 1, m * n * bytes};
  w.multiply = type;
  return w;
}

PipelineProgram mma_program() {
  PipelineProgram p;
  p.tiles.block_m = p.tiles.block_n = 128;
  p.tiles.block_k = 32;
  p.tiles.warp_m = p.tiles.warp_n = 64;
  p.tiles.stages = 4;
  p.tiles.raster = 8;
  p.tiles.vector_a = p.tiles.vector_b = p.tiles.vector_c = 8;
  p.instruction = InstructionClass::mma;
  p.registers = 168;
  p.shared_bytes = 4 * 2 * 128 * 32 * 2;
  return p;
}

PipelineProgram simt_program() {
  PipelineProgram p;
  p.tiles.block_m = p.tiles.block_n = 128;
  p.tiles.block_k = 16;
  p.tiles.warp_m = 32;
  p.tiles.warp_n = 64;
  p.tiles.thread_m = p.tiles.thread_n = 8;
  p.tiles.vector_a = p.tiles.vector_b = p.tiles.vector_c = 4;
  p.instruction = InstructionClass::simt;
  p.registers = 128;
  p.shared_bytes = 2 * 2 * 128 * 16 * 4;
  return p;
}

double us(const ContractionWork& w, const PipelineProgram& p, const Hardware& hw = sample_a100()) {
  return contraction_time(w, p, hw, {}, {}).total_us;
}

TEST(ContractionPipeline, IsNeverFasterThanTheRoofline) {
  const Hardware hw = sample_a100();
  for (const double m : {1.0, 64.0, 1000.0, 8192.0})
    for (const double n : {64.0, 4096.0, 11008.0})
      for (const double k : {64.0, 4096.0}) {
        const ContractionWork f16 = matmul(m, n, k, DType::f16, 2);
        const ContractionWork f32 = matmul(m, n, k, DType::f32, 4);
        EXPECT_GT(us(f16, mma_program()), 2 * m * n * k / 312e6) << m << 'x' << n << 'x' << k;
        EXPECT_GT(us(f32, simt_program()), 2 * m * n * k / 19.5e6) << m << 'x' << n << 'x' << k;
        EXPECT_GT(us(f16, mma_program()), 2 * (m * k + n * k + m * n) / (hw.dram_gbps * 1e3));
      }
}

TEST(ContractionPipeline, LargeTensorCoreKernelsComeNearTheirPeak) {
  const double seconds = us(matmul(8192, 8192, 8192, DType::f16, 2), mma_program()) * 1e-6;
  const double share = 2.0 * 8192 * 8192 * 8192 / seconds / 312e12;
  EXPECT_GT(share, 0.6);
  EXPECT_LT(share, 0.95);
}

TEST(ContractionPipeline, OneBlockMoreThanAWaveCostsAWave) {
  PipelineProgram p = mma_program();
  p.shared_bytes = 160 * 1024;  // one block per SM
  const double full = us(matmul(128 * 12, 128 * 9, 8192, DType::f16, 2), p);
  const double over = us(matmul(128 * 12, 128 * 9 + 1, 8192, DType::f16, 2), p);
  EXPECT_GT(over, 1.5 * full);
}

TEST(ContractionPipeline, SplittingKHelpsASmallGridWithALongReduction) {
  const ContractionWork w = matmul(128, 256, 65536, DType::f16, 2);
  PipelineProgram split = mma_program();
  split.tiles.split_k = 16;
  EXPECT_LT(us(w, split), 0.3 * us(w, mma_program()));
  const ContractionWork large = matmul(8192, 8192, 1024, DType::f16, 2);
  EXPECT_GT(us(large, split), us(large, mma_program()));
}

TEST(ContractionPipeline, MoreStagesHideLatencyOfASmallGrid) {
  const ContractionWork w = matmul(64, 128, 8192, DType::f16, 2);
  PipelineProgram shallow = mma_program();
  shallow.tiles.block_m = shallow.tiles.block_n = 64;
  shallow.tiles.warp_m = shallow.tiles.warp_n = 32;
  PipelineProgram deep = shallow;
  shallow.tiles.stages = 2;
  deep.tiles.stages = 5;
  EXPECT_LT(us(w, deep), 0.6 * us(w, shallow));
}

TEST(ContractionPipeline, AProgramThatDoesNotFitHasNoBlocks) {
  PipelineProgram p = mma_program();
  p.shared_bytes = 200 * 1024;
  EXPECT_EQ(contraction_time(matmul(64, 64, 64, DType::f16, 2), p, sample_a100(), {}, {}).blocks_per_sm, 0);
}

TEST(ContractionPipeline, UncoalescedOperandsCostBandwidth) {
  ContractionWork w = matmul(8192, 8192, 1024, DType::f16, 2);
  const double aligned = us(w, mma_program());
  w.a.sector_factor = w.b.sector_factor = 16;
  EXPECT_GT(us(w, mma_program()), 1.5 * aligned);
}

TEST(Advice, NamesAChangeThatTheModelItselfConfirms) {
  const ContractionWork w = matmul(128, 256, 65536, DType::f16, 2);
  const PipelineProgram p = mma_program();
  const PipelineTime now = contraction_time(w, p, sample_a100(), {}, {});
  EXPECT_NE(advise(w, p, sample_a100(), {}, {}, now).find("split k"), std::string::npos)
      << advise(w, p, sample_a100(), {}, {}, now);
}

TEST(ContractionPipeline, StreamsPayForWhatTheyLeaveEachOther) {
  PipelineProgram whole = mma_program(), streamed = mma_program();
  streamed.tiles.stream_k = 1;
  // 108 SMs, one block each: whole waves have nothing to stream, a wave and a bit gains, and parts are
  // written and read even so.
  whole.shared_bytes = streamed.shared_bytes = 100000;
  const Hardware hw = sample_a100();
  const auto time = [&](double m, const PipelineProgram& p) {
    return contraction_time(matmul(m, 128 * 12, 8192, DType::f16, 2), p, hw, {}, {});
  };
  EXPECT_EQ(time(128 * 18, streamed).reduction_us, 0);
  EXPECT_DOUBLE_EQ(time(128 * 18, streamed).total_us, time(128 * 18, whole).total_us);
  const PipelineTime cut = time(128 * 10, streamed);
  EXPECT_LT(cut.total_us, time(128 * 10, whole).total_us);
  EXPECT_GT(cut.reduction_us, 2 * (108 + 120) * 128.0 * 128 * 4 / 5.4e6) << "two crossings of L2 at least";
  EXPECT_GE(cut.epilogue_us, time(128 * 9, whole).epilogue_us) << "all tiles are stored";
}

TEST(ContractionPipeline, NarrowWarpgroupTilesAreShortOfSharedMemory) {
  PipelineProgram p = mma_program();
  p.instruction = InstructionClass::wgmma;
  p.tiles.block_k = 64;
  p.tiles.warp_m = 16;
  p.tiles.producers = 4;
  p.shared_bytes = 200000;
  const Hardware& hw = find_hardware("h200");
  const auto shared_over_math = [&](int block_n) {
    p.tiles.block_n = p.tiles.warp_n = block_n;
    const PipelineTime t = contraction_time(matmul(4096, 4096, 4096, DType::bf16, 2), p, hw, {}, {});
    return t.shared_us / t.math_us;
  };
  EXPECT_LT(shared_over_math(256), 0.9);
  EXPECT_GT(shared_over_math(64), 1.1);
}

TEST(ContractionPipeline, ZerosThatPadATileTakeTimeButNoPower) {
  PipelineProgram p = mma_program();
  p.instruction = InstructionClass::wgmma;
  p.tiles.block_n = p.tiles.warp_n = 256;
  p.tiles.block_k = 64;
  p.tiles.warp_m = 16;
  p.shared_bytes = 200000;
  const Hardware& hw = find_hardware("h100");
  const auto time = [&](double m) {
    return contraction_time(matmul(m, 8192, 8192, DType::bf16, 2), p, hw, {}, {});
  };
  const PipelineTime full = time(4096), ragged = time(4096 - 127);
  ASSERT_LT(full.clock_ghz, hw.boost_ghz) << "limited by power";
  EXPECT_EQ(ragged.waves, full.waves);
  EXPECT_GT(ragged.clock_ghz, full.clock_ghz);
  EXPECT_LT(ragged.total_us, full.total_us);
}

TEST(ContractionPipeline, ASecondKernelForTheReductionCostsALaunchAndAStart) {
  PipelineProgram p = mma_program();
  p.tiles.split_k = 8;
  p.reduces_in_second_kernel = true;
  const ContractionWork w = matmul(128, 256, 16384, DType::f16, 2);
  const PipelineTime time = contraction_time(w, p, sample_a100(), {}, {});
  EXPECT_GE(time.reduction_us, time.launch_us + time.fill_us);
  LaunchContext graph;
  graph.graph = true;
  EXPECT_LT(contraction_time(w, p, sample_a100(), graph, {}).reduction_us, time.reduction_us);
}

TEST(ContractionPipeline, BlocksAloneOnTheirSmWaitForDramToTakeTheirOutput) {
  PipelineProgram alone = mma_program();
  alone.shared_bytes = 100000;  // one block per SM; without, two
  const ContractionWork w = matmul(16384, 16384, 256, DType::f16, 2);
  Hardware slow = sample_a100();
  slow.dram_gbps /= 4;
  const auto waited_us = [&](const PipelineProgram& p) {
    return contraction_time(w, p, slow, {}, {}).epilogue_us - contraction_time(w, p, sample_a100(), {}, {}).epilogue_us;
  };
  ASSERT_GT(contraction_time(w, mma_program(), slow, {}, {}).blocks_per_sm, 1);
  EXPECT_GT(waited_us(alone), 0);
  EXPECT_GT(waited_us(alone), 1.5 * waited_us(mma_program()));
}

}  // namespace
}  // namespace perftune
