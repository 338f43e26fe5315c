// The map family's own promises: axes merged and taken apart, tiles without bank conflicts, positions
// beyond 2^31, statements joined, one text for every shape.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"
#include "executor/emulated_device.hpp"
#include "executor/emulation/bank_conflicts.hpp"
#include "executor/verification.hpp"
#include "recipes/definition.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "recipes/operator_part.hpp"
#include "tests/families/family_kernel.hpp"
#include "tuner/rank.hpp"

namespace perftune::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Operator parse(const std::string& text) { return parse_operator_text(text, "map.yaml").at(0).op; }

MapForm form_of(const std::string& text) {
  const CanonicalMap canonical = canonicalise_map(parse(text));
  EXPECT_TRUE(canonical.form) << canonical.why_not;
  return canonical.form.value_or(MapForm{});
}

TEST(MapForm, MergesAxesThatAllTensorsSeeAsOne) {
  const MapForm one = form_of(
      "dims: {a: 2, b: 3, c: 5}\ninputs: {x: \"f32[a,b,c]\", z: \"f32[a,b,c]\"}\noutputs: {y: \"f32[a,b,c]\"}\n"
      "compute: [\"y[a,b,c] = x[a,b,c] + z[a,b,c]\"]\n");
  EXPECT_THAT(one.extents, ElementsAre(30));
  EXPECT_THAT(form_of("{op: permute4d, dims: {n: 2, c: 3, h: 5, w: 7}}").extents, ElementsAre(2, 35, 3));
  EXPECT_THAT(form_of("{op: bias_add, dims: {m: 4, n: 6}}").extents, ElementsAre(4, 6));
}

TEST(MapForm, TakesAxesApartWhereDivisionsLookAtThem) {
  const MapForm rope = form_of("{op: rope, dims: {t: 2, h: 3, d: 64}}");
  EXPECT_EQ(rope.digits, 1);
  EXPECT_EQ(rope.extents.back(), 32);
  for (const MapAccess& read : rope.reads) EXPECT_TRUE(read.contiguous(rope.inner()));
  // A short innermost run stays whole.
  EXPECT_EQ(form_of("{op: upsample_nearest2d, dims: {n: 1, c: 2, h: 3, w: 5}}").digits, 1);
}

TEST(MapForm, JoinsStatementsAndOutputs) {
  const MapForm two = form_of(
      "dims: {m: 4, n: 6}\ninputs: {x: \"f32[m,n]\", r: \"f32[m,n]\"}\n"
      "outputs: {h: \"f32[m,n]\", y: \"f16[m,n]\"}\n"
      "compute: [\"t[m,n] = x[m,n] * 2\", \"h[m,n] = t[m,n] + r[m,n]\", \"y[m,n] = relu(h[m,n])\"]\n");
  EXPECT_EQ(two.results.size(), 2u);
  EXPECT_EQ(two.reads.size(), 2u);
  const CanonicalMap refused = canonicalise_map(parse("{op: softmax, dims: {m: 2, n: 3}}"));
  EXPECT_FALSE(refused.form);
  EXPECT_THAT(refused.why_not, HasSubstr("reduction"));
}

TEST(MapKernels, TransposingTilesMeetNoBankTwice) {
  const Hardware& gpu = find_hardware("a100");
  for (const char* type : {"f32", "f16", "i8", "f64"})
    for (const int tile : {32, 64}) {
      const Operator op = parse(std::string("{op: transpose2d, dims: {m: 72, n: 136}, dtype: ") + type + "}");
      GpuMapTiles tiles;
      tiles.across = 1;
      tiles.tile = tile;
      const TileProgram program = tiles.to_program();
      const Emitter& emitter = *all_slices().emitters().find(program);
      ASSERT_EQ(emitter.illegal(op, program, gpu), std::nullopt);
      Failure failure;
      const auto compiled =
          compile_for_emulation(emitter.emit(op, program, gpu), HostCompiler::find().value(), 60, failure);
      ASSERT_TRUE(compiled) << failure.detail;
      EmulatedDevice device(gpu);
      emulation::BankConflicts conflicts;
      device.count_conflicts(&conflicts);
      const auto wrong = verify_on(device, op, *compiled, emitter.bind(op, program, gpu), 1);
      EXPECT_FALSE(wrong) << wrong->detail;
      const auto [accesses, wavefronts, ideal, worst] = conflicts.summary();
      EXPECT_GT(accesses, 0u);
      EXPECT_EQ(wavefronts, ideal) << type << " " << tile << ", worst " << worst;
    }
}

// A problem of 2^33 elements cannot be run here; its text can, on a small one.
TEST(MapKernels, PositionsBeyond2To31) {
  const Hardware& gpu = find_hardware("h200");
  for (const char* text : {"{op: relu, dims: {n: 8589934592}, dtype: f16}",
                           "{op: transpose2d, dims: {m: 65536, n: 131072}, dtype: i8}",
                           "{op: embedding, dims: {m: 64, v: 4000000, d: 1024}, dtype: f16}"}) {
    const Operator op = parse(text);
    const Ranking ranking = rank(op, gpu, all_slices());
    ASSERT_FALSE(ranking.candidates.empty()) << ranking.why_not;
    const TileProgram& program = ranking.candidates.front().program;
    EXPECT_EQ(program.get("index_bits", 32), 64) << program.text();
    const Emitter& emitter = *all_slices().emitters().find(program);
    const Operator small = emitter.shrink(op, program);
    ASSERT_LT(small.compulsory_bytes(), 1e8) << program.text();
    EXPECT_EQ(emitter.emit(small, program, gpu).source, emitter.emit(op, program, gpu).source);
    EXPECT_EQ(verify_emulated(small, program, gpu), "");
  }
}

TEST(MapKernels, ShrinkingKeepsTheText) {
  const Hardware& gpu = find_hardware("a100");
  for (const char* text : {"{op: rope, dims: {t: 2048, h: 32, d: 128}}", "{op: pixel_shuffle, dims: {n: 4, c: 64, h: 64, w: 64}}",
                           "{op: concat, dims: {m: 4096, n1: 512, n2: 256}}", "{op: pad2d, dims: {n: 32, c: 64, h: 56, w: 56}}",
                           "{op: permute4d, dims: {n: 32, c: 64, h: 56, w: 56}, dtype: f16}"}) {
    const Operator op = parse(text);
    for (const Ranked& candidate : rank(op, gpu, all_slices()).candidates) {
      const Emitter& emitter = *all_slices().emitters().find(candidate.program);
      const Operator small = emitter.shrink(op, candidate.program);
      EXPECT_LT(small.compulsory_bytes(), 4e6) << text << " " << candidate.program.text();
      EXPECT_EQ(emitter.emit(small, candidate.program, gpu).source, emitter.emit(op, candidate.program, gpu).source);
    }
  }
}

TEST(OperatorParts, AreOperatorsOfTheirOwn) {
  const Operator whole = parse("{op: attention, dims: {b: 2, m: 8, n: 6, d: 4}}");
  const Operator middle = part_of(whole, {1, 2, 3});
  EXPECT_EQ(middle.name, "map/e+total");  // the file is called map.yaml
  const Operator again = parse(definition(middle));
  EXPECT_EQ(again.signature(), middle.signature());
  EXPECT_EQ(again.name, middle.name);
  EXPECT_EQ(part_of(middle, {0}).signature(), part_of(whole, {1}).signature());
  EXPECT_EQ(middle.rebind({{"m", 16}}).tensors[0].shape, (std::vector<std::int64_t>{2, 16, 6}));
}

}  // namespace
}  // namespace perftune::testing
