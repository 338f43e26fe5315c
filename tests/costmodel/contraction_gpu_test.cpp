#include "costmodel/contraction_gpu.hpp"

#include <gtest/gtest.h>

#include "costmodel/library_model.hpp"
#include "costmodel/roofline.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

Operator matmul(const std::string& a, const std::string& b) {
  const std::string text =
      "name: mm\ndims: {m: 512, n: 1024, k: 768}\n"
      "inputs: {A: \"f16" + a + "\", B: \"f16" + b + "\", bias: \"f16[n]\"}\n"
      "outputs: {C: \"f16[m,n]\"}\n"
      "compute: [\"C[m,n] = relu(sum[k](A" + a + " * B" + b + ") + bias[n])\"]\n";
  return parse_operator_text(text, "mm.yaml").front().op;
}

TileProgram program() {
  ContractionTiles t;
  t.block_m = t.block_n = 128;
  t.block_k = 32;
  t.warp_m = t.warp_n = 64;
  t.stages = 4;
  return t.to_program("cuda/mma");
}

TEST(ContractionGpuModel, ExplainsItsPrediction) {
  const Operator op = matmul("[m,k]", "[k,n]");
  const Resources resources{168, 65536, 0, 0, {}};
  const std::vector<TileProgram> programs(3, program());
  const std::vector<Resources> facts(3, resources);
  const Hardware& hw = find_hardware("a100");
  const ContractionGpuModel model(InstructionClass::mma);
  const std::vector<Prediction> predictions = model.predict(op, hw, programs, facts);
  ASSERT_EQ(predictions.size(), 3u);
  const Prediction& p = predictions.front();
  EXPECT_GT(p.us, roofline(op, hw).seconds * 1e6);
  EXPECT_LT(p.low_us, p.us);
  EXPECT_GT(p.high_us, p.us);
  EXPECT_GE(p.dram_bytes, op.compulsory_bytes() * 0.999);
  EXPECT_FALSE(p.advice.empty());
  bool limiter_listed = false;
  for (const StageTime& stage : p.breakdown) {
    EXPECT_GE(stage.us, 0) << stage.stage;
    limiter_listed |= stage.stage == p.limiter;
  }
  EXPECT_TRUE(limiter_listed) << p.limiter;
}

TEST(ContractionWork, ShortRunsCostWholeSectors) {
  const auto factor = [](const std::string& a) {
    const Operator op = matmul(a, "[k,n]");
    ContractionTiles t;
    t.block_m = t.block_n = 128;
    t.block_k = 8;  // 16 bytes of f16: half a sector
    const ContractionWork work = contraction_work(op, *canonicalise_contraction(op).form, t);
    return work.a.sector_factor;
  };
  EXPECT_DOUBLE_EQ(factor("[m,k]"), 2);  // runs along k
  EXPECT_DOUBLE_EQ(factor("[k,m]"), 1);  // runs along m
}

TEST(LibraryModel, PredictsEveryGpuOfTheCatalogue) {
  const Operator op = matmul("[m,k]", "[n,k]");
  for (const Hardware& hw : hardware_catalogue()) {
    const LibraryPrediction p = predict_library(op, hw);
    EXPECT_GT(p.prediction.us, roofline(op, hw).seconds * 1e6 * 0.5) << hw.name;
    EXPECT_LT(p.prediction.us, 1000) << hw.name;
    EXPECT_NE(p.program.find("block_m="), std::string::npos) << p.program;
  }
}

LibraryTime library(const char* gpu, double m, double n, double k) {
  ContractionWork w;
  w.m = m;
  w.n = n;
  w.k = k;
  w.a = {2, 1, m * k * 2};
  w.b = {2, 1, n * k * 2};
  w.c = {2, 1, m * n * 2};
  w.multiply = DType::bf16;
  const Hardware& hw = find_hardware(gpu);
  return library_time(w, library_programs(w, hw), hw, library_context(), {});
}

TEST(LibraryModel, OneRowIsAMatrixTimesAVector) {
  EXPECT_EQ(library("l40s", 1, 128, 4096).program.tiles.block_m, 1);
  EXPECT_GT(library("l40s", 2, 128, 4096).program.tiles.block_m, 1);
}

TEST(LibraryModel, ARowBeyondATileCostsLittleWhereTilesComeInEights) {
  const double even = library("h100", 512, 8192, 4096).time.total_us;
  const double ragged = library("h100", 513, 8192, 4096).time.total_us;
  EXPECT_GE(ragged, even);
  EXPECT_LT(ragged, 1.15 * even);  // cuBLAS took 46 us instead of 43
}

}  // namespace
}  // namespace perftune
