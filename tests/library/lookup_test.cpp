// Which kernel answers for a shape, and that whatever answers is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "executor/library/kernel_library.hpp"
#include "executor/perftune.hpp"
#include "tuned_store.hpp"

namespace perftune::test {
namespace {

using testing::HasSubstr;

void expect_right(const api::Kernel& kernel, const Operator& op) {
  Tensors tensors(op);
  kernel.run(tensors.pointers());
  EXPECT_EQ(tensors.wrong().value_or(""), "") << kernel.info().program << " at " << op.signature();
}

TEST(Lookup, TheShapeItselfIsExact) {
  TunedStore tuned;
  const Operator op = matmul(48, 64, 32);
  const TileProgram program = tuned.add(op, 1, 7.5);
  const api::Store store(tuned.path());
  const api::Kernel kernel = store.find("ffn", {{"m", 48}, {"n", 64}, {"k", 32}}, PERFTUNE_EXACT_ONLY);
  const perftune_kernel_info info = kernel.info();
  EXPECT_EQ(info.hit, PERFTUNE_HIT_EXACT);
  EXPECT_EQ(info.program, program.text());
  EXPECT_EQ(info.measured, 1);
  EXPECT_DOUBLE_EQ(info.stored_us, 7.5);
  EXPECT_DOUBLE_EQ(info.estimated_us, 7.5);
  EXPECT_STREQ(info.tuned_on, "cpu-local");
  EXPECT_STREQ(info.tuned_at, "k=32 m=48 n=64");
  EXPECT_EQ(info.signature, op.signature());
  EXPECT_EQ(info.input_count, 3U);
  EXPECT_EQ(info.output_count, 1U);
  expect_right(kernel, op);
  const perftune_tensor_info output = kernel.tensor(3);
  EXPECT_STREQ(output.name, "C");
  EXPECT_STREQ(output.dtype, "f32");
  EXPECT_EQ(output.is_output, 1);
  EXPECT_EQ(output.bytes, 48U * 64 * 4);
}

TEST(Lookup, BySignatureByTensorsAndByOperatorIsTheSame) {
  TunedStore tuned;
  const Operator op = matmul(48, 64, 32);
  tuned.add(op);
  const api::Store store(tuned.path());
  perftune_query query{};
  query.struct_size = sizeof query;
  const std::string signature = op.signature();
  query.signature = signature.c_str();
  EXPECT_EQ(store.find(query).info().hit, PERFTUNE_HIT_EXACT);
  Tensors tensors(op);
  EXPECT_EQ(store.find("ffn", tensors.pointers()).info().hit, PERFTUNE_HIT_EXACT);
  auto inputs = tensors.pointers();
  inputs.pop_back();
  EXPECT_EQ(store.find("ffn", inputs).info().hit, PERFTUNE_HIT_EXACT);
  KernelLibrary library(tuned.path());
  const auto found = library.find(op);
  EXPECT_EQ(found->hit, PERFTUNE_HIT_EXACT);
  EXPECT_EQ(library.find(op), found);
  EXPECT_THAT(library.names(), testing::ElementsAre("ffn"));
}

TEST(Lookup, OneNameForTwoTypesNeedsTheTypeOrTensors) {
  TunedStore tuned;
  tuned.add(matmul(16, 16, 16));
  tuned.add(matmul(16, 16, 16, "ffn", "f64"));
  const api::Store store(tuned.path());
  EXPECT_THROW(store.find("ffn", {{"m", 16}, {"n", 16}, {"k", 16}}), api::Failure);
  const Operator op = matmul(16, 16, 16, "ffn", "f64");
  Tensors tensors(op);
  expect_right(store.find("ffn", tensors.pointers()), op);
  KernelLibrary library(tuned.path());
  EXPECT_EQ(library.find("ffn", Dims{{"m", 16}, {"n", 16}, {"k", 16}}, "f64")->kernel->op().tensors[0].type, DType::f64);
}

TEST(Lookup, ARangeAnswersBetweenItsEnds) {
  TunedStore tuned;
  const Operator op = matmul(64, 32, 48);
  tuned.add(op, 1, 10, 12);
  tuned.add_range(op, "m", 33, 128);
  const api::Store store(tuned.path());
  for (const std::int64_t m : {33, 50, 127, 128}) {
    const api::Kernel kernel = store.find("ffn", {{"m", m}, {"n", 32}, {"k", 48}});
    EXPECT_EQ(kernel.info().hit, PERFTUNE_HIT_BUCKET) << m;
    EXPECT_STREQ(kernel.info().tuned_at, "k=48 m=64 n=32");
    expect_right(kernel, matmul(m, 32, 48));
  }
  EXPECT_NE(store.find("ffn", {{"m", 32}, {"n", 32}, {"k", 48}}).info().hit, PERFTUNE_HIT_BUCKET);
  EXPECT_NE(store.find("ffn", {{"m", 64}, {"n", 33}, {"k", 48}}).info().hit, PERFTUNE_HIT_BUCKET);
}

TEST(Lookup, ANearShapeIsServedByATunedKernelNoSlowerThanTheDefault) {
  TunedStore tuned;
  const TileProgram fast = tuned.add(matmul(64, 64, 64), 2, 10, 20);
  const api::Store store(tuned.path());
  const api::Kernel kernel = store.find("ffn", {{"m", 60}, {"n", 70}, {"k", 64}});
  EXPECT_EQ(kernel.info().hit, PERFTUNE_HIT_NEAREST);
  EXPECT_EQ(kernel.info().program, fast.text());
  EXPECT_GT(kernel.info().estimated_us, 0);
  expect_right(kernel, matmul(60, 70, 64));
}

TEST(Lookup, ASlowWinnerLosesToTheDefault) {
  TunedStore tuned;
  tuned.add(matmul(64, 64, 64), 2, 30, 20);  // the tuned one is slower than the default was
  const api::Store store(tuned.path());
  const api::Kernel kernel = store.find("ffn", {{"m", 60}, {"n", 70}, {"k", 64}});
  EXPECT_EQ(kernel.info().hit, PERFTUNE_HIT_DEFAULT);
  expect_right(kernel, matmul(60, 70, 64));
}

TEST(Lookup, ExactOnlyMissesOtherShapes) {
  TunedStore tuned;
  tuned.add(matmul(64, 64, 64));
  const api::Store store(tuned.path());
  try {
    store.find("ffn", {{"m", 65}, {"n", 64}, {"k", 64}}, PERFTUNE_EXACT_ONLY);
    FAIL() << "answered";
  } catch (const api::Failure& failure) {
    EXPECT_EQ(failure.status(), PERFTUNE_MISS);
    EXPECT_THAT(failure.what(), HasSubstr("m=65"));
  }
}

// Whatever shape is asked for: something answers, and it is right.
TEST(Lookup, RandomShapesAreServedCorrectly) {
  TunedStore tuned;
  tuned.add(matmul(64, 64, 64), 1, 10, 12);
  tuned.add(matmul(1, 256, 256), 1, 4, 5);
  tuned.add(matmul(128, 512, 96), 3, 40, 50);
  tuned.add(softmax(32, 100), 1, 3, 4);
  const api::Store store(tuned.path());
  std::mt19937_64 random(7);
  const auto extent = [&](std::int64_t most) { return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most)); };
  for (int i = 0; i < 60; ++i) {
    const Operator op = matmul(extent(150), extent(200), extent(300));
    expect_right(store.find("ffn", {{"m", op.dims.at("m")}, {"n", op.dims.at("n")}, {"k", op.dims.at("k")}}), op);
    const Operator rows = softmax(extent(40), extent(1000));
    expect_right(store.find("probabilities", {{"m", rows.dims.at("m")}, {"n", rows.dims.at("n")}}), rows);
  }
}

TEST(Lookup, SeesWhatAnotherConnectionAdds) {
  TunedStore tuned;
  tuned.add(matmul(16, 16, 16));
  const api::Store store(tuned.path());
  EXPECT_NE(store.find("ffn", {{"m", 24}, {"n", 16}, {"k", 16}}).info().hit, PERFTUNE_HIT_EXACT);
  tuned.add(matmul(40, 16, 16));
  EXPECT_EQ(store.find("ffn", {{"m", 40}, {"n", 16}, {"k", 16}}).info().hit, PERFTUNE_HIT_EXACT);
}

}  // namespace
}  // namespace perftune::test
