// Seeded random contractions, each with programs drawn from the constructor, against the oracle.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "codegen/cpu/contraction_emitter.hpp"
#include "tests/cpu/compiled_kernel.hpp"
#include "tuner/construct/contraction_cpu.hpp"

namespace perftune {
namespace {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  bool coin() { return below(2) == 1; }
  // 1, small and ragged, or a whole number of vectors.
  int extent() {
    switch (below(4)) {
      case 0: return 1 + below(3);
      case 1: return 16 * (1 + below(8));
      default: return 1 + below(150);
    }
  }

 private:
  std::mt19937 engine_;
};

std::string random_operator(Random& random) {
  const bool batch = random.below(3) == 0;
  const bool broadcast = batch && random.coin();  // one B for all of the batch
  const char* types[] = {"f32", "f32", "f32", "f16", "bf16", "f64"};
  const std::string type = types[random.below(6)];
  const std::string a = (batch ? "b," : "") + std::string(random.coin() ? "m,k" : "k,m");
  const std::string b = (batch && !broadcast ? "b," : "") + std::string(random.coin() ? "k,n" : "n,k");
  const std::string c = (batch ? "b," : "") + std::string(random.below(4) == 0 ? "n,m" : "m,n");
  const char* epilogues[] = {"", " + bias[n]", " * 0.5 + bias[n]"};
  const int epilogue = random.below(3);
  std::string sum = "sum[k](A[" + a + "] * B[" + b + "])" + epilogues[epilogue];
  if (random.below(3) == 0) sum = "relu(" + sum + ")";
  if (random.below(5) == 0) sum = "silu(" + sum + ")";
  return "name: t\ndims: {" + (batch ? "b: " + std::to_string(1 + random.below(4)) + ", " : "") +
         "m: " + std::to_string(random.extent()) + ", n: " + std::to_string(random.extent()) +
         ", k: " + std::to_string(random.extent()) + "}\ninputs: {A: \"" + type + "[" + a +
         "]\", B: \"" + type + "[" + b + "]\"" +
         (epilogue > 0 ? ", bias: \"" + type + "[n]\"" : "") + "}\noutputs: {C: \"" + type + "[" +
         c + "]\"}\ncompute:\n  - C[" + c + "] = " + sum + "\n";
}

TEST(CpuContraction, RandomOperatorsAndConstructedPrograms) {
  const CpuContractionEmitter emitter;
  const ContractionCpuConstructor constructor(emitter);
  Random random(20);
  for (int i = 0; i < 15; ++i) {
    const std::string isa = i % 3 == 2 || !runs_here("avx512") ? "avx2" : "avx512";
    if (!runs_here(isa)) GTEST_SKIP();
    const Hardware hardware = test_cpu(isa);
    const std::string yaml = random_operator(random);
    SCOPED_TRACE(yaml);
    const Operator op = operator_from(yaml);
    std::string why_not;
    const auto programs = constructor.construct(op, hardware, 20, why_not);
    ASSERT_FALSE(programs.empty()) << why_not;
    for (int j = 0; j < 2; ++j) {
      const auto which = j == 0 ? 0 : static_cast<std::size_t>(random.below(static_cast<int>(programs.size())));
      const CpuTiles tiles = CpuTiles::from(programs[which].program);
      EXPECT_EQ(verify_program(op, tiles, hardware, static_cast<unsigned>(i)), "");
    }
  }
}

TEST(CpuConstructor, ProgramsAreLegalDistinctAndExplained) {
  const CpuContractionEmitter emitter;
  const ContractionCpuConstructor constructor(emitter);
  const Hardware hardware = test_cpu("avx512");
  for (const char* dims : {"{m: 64, n: 64, k: 64}", "{m: 2048, n: 2048, k: 2048}",
                           "{m: 1, n: 4096, k: 4096}", "{m: 127, n: 33, k: 65}"}) {
    const Operator op = operator_from(std::string("name: t\ndims: ") + dims +
                                      "\ninputs: {A: \"f32[m,k]\", B: \"f32[k,n]\"}\n"
                                      "outputs: {C: \"f32[m,n]\"}\ncompute:\n"
                                      "  - C[m,n] = sum[k](A[m,k] * B[k,n])\n");
    std::string why_not;
    const auto found = constructor.construct(op, hardware, 40, why_not);
    EXPECT_GE(found.size(), 20U) << dims;
    std::set<std::string> texts;
    for (const Constructed& c : found) {
      EXPECT_TRUE(texts.insert(c.program.text()).second) << c.program.text();
      EXPECT_EQ(emitter.illegal(op, c.program, hardware), std::nullopt) << c.program.text();
      EXPECT_FALSE(c.rules.empty());
    }
  }
}

}  // namespace
}  // namespace perftune
