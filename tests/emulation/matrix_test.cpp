// Tensor-core instructions in the emulator: fragment layouts against the manual's formulas,
// products against integer arithmetic, ldmatrix and stmatrix against positions worked out by hand.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executor/emulation/bank_conflicts.hpp"
#include "executor/nvrtc.hpp"
#include "recipes/error.hpp"
#include "tests/emulation/micro_kernel.hpp"

namespace perftune::testing {
namespace {

using ::testing::HasSubstr;

// One instruction: types, shape, and the rows and columns of fragment elements as PTX ISA 9.7.14.5
// writes them for that very shape, in g (groupID), t (threadID_in_group) and i.
struct Shape {
  const char* name;
  const char* a_type;
  const char* b_type;
  const char* sum_type;
  int m, k;
  int per_register;
  const char* a_row;
  const char* a_column;
  const char* b_row;
  int arch;
};

void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

constexpr const char* k16bit_a_row = "(i < 2 || (4 <= i && i < 6)) ? g : g + 8";
constexpr const char* k16bit_a_column = "i < 4 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8";
constexpr const char* k16bit_b_row = "i < 2 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8";
constexpr const char* k8bit_a_row = "(i < 4 || (8 <= i && i < 12)) ? g : g + 8";
constexpr const char* k8bit_a_column = "i < 8 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16";
constexpr const char* k8bit_b_row = "i < 4 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16";

const Shape shapes[] = {
    {"f16_k8", "f16", "f16", "f32", 16, 8, 2, "i < 2 ? g : g + 8", "t * 2 + (i & 1)", "t * 2 + i",
     750},
    {"f16_k8_half_sums", "f16", "f16", "f16", 16, 8, 2, "i < 2 ? g : g + 8", "t * 2 + (i & 1)",
     "t * 2 + i", 750},
    {"f16_k16", "f16", "f16", "f32", 16, 16, 2, k16bit_a_row, k16bit_a_column, k16bit_b_row, 800},
    {"f16_k16_half_sums", "f16", "f16", "f16", 16, 16, 2, k16bit_a_row, k16bit_a_column,
     k16bit_b_row, 800},
    {"bf16_k8", "bf16", "bf16", "f32", 16, 8, 2, "i < 2 ? g : g + 8", "t * 2 + (i & 1)",
     "t * 2 + i", 800},
    {"bf16_k16", "bf16", "bf16", "f32", 16, 16, 2, k16bit_a_row, k16bit_a_column, k16bit_b_row,
     800},
    {"tf32_k4", "tf32", "tf32", "f32", 16, 4, 1, "i == 0 ? g : g + 8", "t", "t", 800},
    {"tf32_k8", "tf32", "tf32", "f32", 16, 8, 1, "(i == 0 || i == 2) ? g : g + 8",
     "i < 2 ? t : t + 4", "i == 0 ? t : t + 4", 800},
    {"i8_m8", "i8", "i8", "i32", 8, 16, 4, "g", "t * 4 + i", "t * 4 + i", 750},
    {"u8_m8", "u8", "u8", "i32", 8, 16, 4, "g", "t * 4 + i", "t * 4 + i", 750},
    {"i8_k16", "i8", "i8", "i32", 16, 16, 4, "i < 4 ? g : g + 8", "t * 4 + (i & 3)", "t * 4 + i",
     800},
    {"i8_k32", "i8", "i8", "i32", 16, 32, 4, k8bit_a_row, k8bit_a_column, k8bit_b_row, 800},
    {"u8_i8_k32", "u8", "i8", "i32", 16, 32, 4, k8bit_a_row, k8bit_a_column, k8bit_b_row, 800},
    {"e4m3_k32", "f8e4m3", "f8e4m3", "f32", 16, 32, 4, k8bit_a_row, k8bit_a_column, k8bit_b_row,
     890},
    {"e5m2_e4m3_k32", "f8e5m2", "f8e4m3", "f32", 16, 32, 4, k8bit_a_row, k8bit_a_column,
     k8bit_b_row, 890},
};

// Puts small integers of `in` (A, then B) into registers by the manual's formulas, multiplies twice
// so that the second product adds to the first, and writes the sums by C's formula.
std::string body(const Shape& s) {
  const std::string sums = s.sum_type == std::string("f16")
                               ? "to_f32(f16{static_cast<u16>(c[i / 2] >> i % 2 * 16)})"
                               : "c[i]";
  return fmt::format(
      R"(
  using M = Mma<{a}, {b}, {sum}, {m}, {k}>;
  constexpr int per = {per};
  const int g = lane_index() >> 2, t = lane_index() % 4;
  u32 a[M::a_registers] = {{}}; u32 b[M::b_registers] = {{}}; M::Sum c[M::c_registers] = {{}};
  for (int i = 0; i < M::a_registers * per; ++i)
    a[i / per] |= bits_of<{a}>(global_load(in + ({a_row}) * {k} + ({a_column}))) << i % per * (32 / per - (per == 1 ? 32 : 0));
  for (int i = 0; i < M::b_registers * per; ++i)
    b[i / per] |= bits_of<{b}>(global_load(in + {m} * {k} + ({b_row}) * 8 + g)) << i % per * (32 / per - (per == 1 ? 32 : 0));
  M::run(c, a, b);
  M::run(c, a, b);
  for (int i = 0; i < {m} / 4; ++i)
    global_store(out + (i < 2 ? g : g + 8) * 8 + t * 2 + (i & 1), static_cast<i32>({sums}));)",
      fmt::arg("a", s.a_type), fmt::arg("b", s.b_type), fmt::arg("sum", s.sum_type),
      fmt::arg("m", s.m), fmt::arg("k", s.k), fmt::arg("per", s.per_register),
      fmt::arg("a_row", s.a_row), fmt::arg("a_column", s.a_column), fmt::arg("b_row", s.b_row),
      fmt::arg("sums", sums));
}

constexpr const char* kBitsOf = R"(
template <class T> PT_DEVICE u32 bits_of(i32 value) {
  if constexpr (is_same<T, i8> || is_same<T, u8>) return static_cast<u8>(value);
  else if constexpr (is_same<T, f16>) return to_f16(f32(value)).bits;
  else if constexpr (is_same<T, bf16>) return to_bf16(f32(value)).bits;
#if PT_ARCH >= 890
  else if constexpr (is_same<T, f8e4m3>) return to_f8e4m3(f32(value)).bits;
  else if constexpr (is_same<T, f8e5m2>) return to_f8e5m2(f32(value)).bits;
#endif
  else return bit_cast<u32>(f32(value)) | 0x123;  // low bits that a tensor core ignores
})";

class EmulatedMma : public ::testing::TestWithParam<Shape> {};

MicroKernel kernel_of(const Shape& s) {
  MicroKernel kernel{.body = body(s), .outputs = s.m * 8, .threads = 32, .arch = s.arch};
  kernel.includes = "#include \"perftune/mma.cuh\"\n";
  kernel.prelude = kBitsOf;
  return kernel;
}

TEST_P(EmulatedMma, MultipliesWhatTheManualPlacesInRegisters) {
  const Shape& s = GetParam();
  const bool is_unsigned = s.a_type[0] == 'u';
  MicroKernel kernel = kernel_of(s);
  kernel.input.clear();  // distinct small integers: exact in every type, e5m2's 2 bits included
  for (int i = 0; i < (s.m + 8) * s.k; ++i) {
    const int value = (i * 7 + i / 5) % 7 - 3;
    kernel.input.push_back(is_unsigned && i < s.m * s.k ? value + 3
                           : s.b_type[0] == 'u'         ? value + 3
                                                        : value);
  }
  const MicroResult result = run(kernel);
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int row = 0; row < s.m; ++row) {
    for (int column = 0; column < 8; ++column) {
      int expected = 0;
      for (int k = 0; k < s.k; ++k)
        expected += kernel.input[static_cast<std::size_t>(row * s.k + k)] *
                    kernel.input[static_cast<std::size_t>(s.m * s.k + k * 8 + column)];
      EXPECT_EQ(result.output[static_cast<std::size_t>(row * 8 + column)], 2 * expected)
          << "row " << row << " column " << column;
    }
  }
}

// The same text under NVRTC: the wrapper exists there, and is the instruction of that shape.
TEST_P(EmulatedMma, IsOneInstructionOnTheDevice) {
  const Shape& s = GetParam();
  try {
    const Nvrtc nvrtc;
    const auto ptx = nvrtc.ptx(emit(kernel_of(s)), "sm_" + std::to_string(s.arch / 10));
    ASSERT_TRUE(std::holds_alternative<std::string>(ptx)) << std::get<Failure>(ptx).detail;
    EXPECT_THAT(std::get<std::string>(ptx),
                HasSubstr(fmt::format("mma.sync.aligned.m{}n8k{}.row.col", s.m, s.k)));
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, EmulatedMma, ::testing::ValuesIn(shapes),
                         [](const auto& test) { return test.param.name; });

MicroKernel with_mma(std::string text) {
  MicroKernel kernel{.body = std::move(text), .threads = 32};
  kernel.includes = "#include \"perftune/mma.cuh\"\n";
  return kernel;
}

TEST(EmulatedMmaMisuse, IsRefused) {
  EXPECT_THAT(defect_of(with_mma("f32 c[4] = {}; u32 a[4] = {}, b[2] = {};"
                                 "if (lane_index() < 16) Mma<f16, f16, f32, 16, 16>::run(c, a, b);"
                                 "else shuffle_xor(1, 1);")),
              HasSubstr("warp diverged"));
  MicroKernel turing = with_mma(
      "f32 c[4] = {}; u32 a[4] = {}, b[2] = {}; Mma<f16, f16, f32, 16, 16>::run(c, a, b);");
  turing.arch = 750;
  EXPECT_THAT(defect_of(turing), HasSubstr("not on this architecture"));
  EXPECT_THAT(
      defect_of(with_mma(
          "f32 c[4] = {}; u32 a[4] = {}, b[2] = {}; Mma<f16, bf16, f32, 16, 16>::run(c, a, b);")),
      HasSubstr("no such instruction"));
}

TEST(EmulatedMatrixMoves, AreOneInstructionOnTheDevice) {
  for (const int arch : {750, 900}) {
    std::string text =
        "u32 r[4], s[2], q[1]; load_matrices<4>(r, 0); load_matrices<2, true>(s, 0);"
        "load_matrices<1>(q, 0); load_matrices<1, true>(q, 16); load_matrices<4, true>(r, 64); "
        "load_matrices<2>(s, 128);";
    if (arch == 900)
      text +=
          "store_matrices<4>(0, r); store_matrices<2, true>(64, s); store_matrices<1>(128, q);"
          "store_matrices<4, true>(512, r); store_matrices<2>(256, s); store_matrices<1, true>(0, "
          "q);";
    MicroKernel kernel{.body = text + "global_store(out, i32(r[0] + s[1] + q[0]));", .arch = arch};
    kernel.includes = "#include \"perftune/mma.cuh\"\n";
    try {
      const auto ptx = Nvrtc().ptx(emit(kernel), "sm_" + std::to_string(arch / 10));
      ASSERT_TRUE(std::holds_alternative<std::string>(ptx)) << std::get<Failure>(ptx).detail;
      EXPECT_THAT(std::get<std::string>(ptx),
                  HasSubstr("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16"));
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
}

// Shared memory holds 16-bit numbers n at byte 2n: 32 rows of 8 make four matrices.
constexpr const char* kFill =
    "const u32 lane = lane_index();"
    "for (u32 i = lane; i < 256; i += 32) shared_store<u16>(i * 2, static_cast<u16>(i)); "
    "sync_warp();";

TEST(EmulatedLdmatrix, GivesEachLaneTwoNeighboursOfItsRow) {
  MicroKernel kernel =
      with_mma(std::string(kFill) +
               "u32 r[4]; load_matrices<4>(r, lane * 16);"
               "for (int i = 0; i < 4; ++i) global_store(out + lane * 4 + i, i32(r[i]));");
  kernel.outputs = 128;
  const MicroResult result = run(kernel);
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int lane = 0; lane < 32; ++lane)
    for (int matrix = 0; matrix < 4; ++matrix) {
      const int low = matrix * 64 + lane / 4 * 8 + lane % 4 * 2;
      EXPECT_EQ(result.output[static_cast<std::size_t>(lane * 4 + matrix)], low | (low + 1) << 16);
    }
}

TEST(EmulatedLdmatrix, TransposedGivesTwoNeighboursOfItsColumn) {
  MicroKernel kernel =
      with_mma(std::string(kFill) +
               "u32 r[2]; load_matrices<2, true>(r, lane % 16 * 16);"
               "for (int i = 0; i < 2; ++i) global_store(out + lane * 2 + i, i32(r[i]));");
  const MicroResult result = run(kernel);
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int lane = 0; lane < 32; ++lane)
    for (int matrix = 0; matrix < 2; ++matrix) {
      const int low = matrix * 64 + lane % 4 * 2 * 8 + lane / 4;
      EXPECT_EQ(result.output[static_cast<std::size_t>(lane * 2 + matrix)], low | (low + 8) << 16);
    }
}

TEST(EmulatedLdmatrix, RowsMayLieAnywhereAligned) {
  // Rows in reverse order, in one matrix: row g of the matrix is row 7 - g in memory.
  MicroKernel kernel = with_mma(
      std::string(kFill) +
      "u32 r[1]; load_matrices<1>(r, (7 - lane % 8) * 16); global_store(out + lane, i32(r[0]));");
  kernel.outputs = 32;
  const MicroResult result = run(kernel);
  ASSERT_FALSE(result.failure) << result.failure->detail;
  EXPECT_EQ(result.output[0], 56 | 57 << 16);
  EXPECT_EQ(result.output[31], 6 | 7 << 16);
}

TEST(EmulatedLdmatrix, IsCheckedLikeAnyRead) {
  const std::string load =
      "u32 r[4]; load_matrices<4>(r, OFFSET); global_store(out + lane_index(), i32(r[0]));";
  const auto at = [&](const char* offset) {
    std::string text = load;
    return text.replace(text.find("OFFSET"), 6, offset);
  };
  EXPECT_THAT(defect_of(with_mma(kFill + at("lane * 16 + 8"))),
              HasSubstr("misaligned: read of 16"));
  EXPECT_THAT(defect_of(with_mma(kFill + at("512 + lane * 16"))), HasSubstr("nothing wrote"));
  EXPECT_THAT(defect_of(with_mma(kFill + at("4096"))), HasSubstr("out of bounds"));
  std::string unordered = kFill;
  unordered.erase(unordered.find("sync_warp();"), 12);
  EXPECT_THAT(defect_of(with_mma(unordered + at("lane * 16"))), HasSubstr("races with a write"));
}

TEST(EmulatedLdmatrix, ConflictsShowWithoutASwizzle) {
  // 128-byte rows: unswizzled, a matrix's eight rows share four banks; xor-ed, none.
  const auto wavefronts = [](const char* offset) {
    emulation::BankConflicts conflicts;
    MicroKernel kernel = with_mma(
        "const u32 lane = lane_index();"
        "for (u32 i = 0; i < 8; ++i) shared_store(i * 512 + lane * 16, Vec<i32, 4>{});"
        "sync_warp(); u32 r[4]; load_matrices<4>(r, " +
        std::string(offset) +
        ");"
        "global_store(out + lane, i32(r[0]));");
    kernel.outputs = 32;
    kernel.conflicts = &conflicts;
    EXPECT_EQ(defect_of(kernel), "");
    return conflicts.summary().wavefronts - 8 * 4;  // those of the stores
  };
  EXPECT_EQ(wavefronts("lane * 128"), 32u);
  EXPECT_EQ(wavefronts("lane * 128 + (lane % 8) * 16"), 4u);
}

TEST(EmulatedStmatrix, IsTheInverseOfLdmatrix) {
  for (const char* transposed : {"false", "true"}) {
    MicroKernel kernel = with_mma(std::string(kFill) + "u32 r[4]; load_matrices<4, " + transposed +
                                  ">(r, lane * 16); sync_warp(); store_matrices<4, " + transposed +
                                  ">(1024 + lane * 16, r); sync_warp();"
                                  "for (u32 i = lane; i < 256; i += 32) global_store(out + i, "
                                  "i32(shared_load<u16>(1024 + i * 2)));");
    kernel.outputs = 256;
    kernel.arch = 900;
    const MicroResult result = run(kernel);
    ASSERT_FALSE(result.failure) << result.failure->detail;
    for (int i = 0; i < 256; ++i) EXPECT_EQ(result.output[static_cast<std::size_t>(i)], i);
  }
}

}  // namespace
}  // namespace perftune::testing
