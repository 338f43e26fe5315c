// Matrix products by the vendors' libraries of this machine, as kernels: every layout that they take, against the
// oracle; and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/cpu/headers.hpp"
#include "codegen/vendor/product_emitter.hpp"
#include "executor/cpu_device.hpp"
#include "executor/cpu_vendor.hpp"
#include "executor/host_compiler.hpp"
#include "executor/verification.hpp"
#include "tests/cpu/compiled_kernel.hpp"

namespace perftune {
namespace {

using testing::HasSubstr;

Operator product(const std::string& inputs, const std::string& output, const std::string& statement,
                 const std::string& dims = "m: 20, n: 33, k: 47") {
  return operator_from("name: p\ndims: {" + std::string(output.find('b') == std::string::npos ? "" : "b: 3, ") + dims + "}\ninputs: {" + inputs + "}\noutputs: {C: \"" + output +
                       "\"}\ncompute:\n  - " + statement + "\n");
}

// Empty when right.
std::string verify(const Operator& op, const TileProgram& program) {
  const VendorProductEmitter emitter(*find_vendor(program.target));
  const Hardware hardware = test_cpu("avx2");
  if (const auto wrong = emitter.illegal(op, program, hardware)) return *wrong;
  CompiledKernel kernel{emitter.emit(op, program, hardware), {}, {}};
  static const auto compiler = HostCompiler::find();
  auto result = compiler.value().compile(kernel.kernel.source, cpu_device_headers(), cpu_compile_flags("avx2"), 60);
  if (!result.ok) return result.log;
  kernel.binary = std::move(result.binary);
  CpuDevice device(hardware, 2, false);
  const auto failure = Verifier(op, 1).check(device, kernel, emitter.bind(op, program, hardware));
  return failure ? failure->detail : "";
}

TEST(VendorProduct, EveryLayoutIsRight) {
  const std::vector<Operator> operators = {
      product("A: \"f32[m,k]\", B: \"f32[k,n]\"", "f32[m,n]", "C[m,n] = sum[k](A[m,k] * B[k,n])"),
      product("A: \"f32[m,k]\", B: \"f32[n,k]\"", "f32[m,n]", "C[m,n] = sum[k](A[m,k] * B[n,k])"),
      product("A: \"f32[k,m]\", B: \"f32[k,n]\"", "f32[m,n]", "C[m,n] = sum[k](A[k,m] * B[k,n])"),
      product("A: \"f32[b,k,m]\", B: \"f32[b,n,k]\"", "f32[b,m,n]", "C[b,m,n] = sum[k](A[b,k,m] * B[b,n,k])"),
      product("A: \"f32[b,m,k]\", B: \"f32[b,k,n]\"", "f32[m,b,n]", "C[m,b,n] = sum[k](A[b,m,k] * B[b,k,n])"),
      product("A: \"f32[m,k]\", B: \"f32[k,n]\"", "f32[m,n]", "C[m,n] = sum[k](A[m,k] * B[k,n])", "m: 1, n: 33, k: 47"),
      product("A: \"f32[m,k]\", B: \"f32[k,n]\"", "f32[m,n]", "C[m,n] = sum[k](A[m,k] * B[k,n])", "m: 20, n: 1, k: 1")};
  int checked = 0;
  for (const Operator& op : operators) {
    std::vector<std::string> missing;
    for (const TileProgram& program : cpu_vendor_programs(op, missing)) {
      EXPECT_EQ(verify(op, program), "") << program.text() << " for " << op.signature();
      ++checked;
    }
  }
  if (checked == 0) GTEST_SKIP() << "neither OpenBLAS nor oneDNN is here";
}

TEST(VendorProduct, AnotherVersionIsRefusedBeforeItIsCalled) {
  const Operator op = product("A: \"f32[m,k]\", B: \"f32[k,n]\"", "f32[m,n]", "C[m,n] = sum[k](A[m,k] * B[k,n])");
  for (const VendorTarget& vendor : vendor_targets) {
    if (vendor.gpu) continue;
    std::string why_not;
    const auto program = vendor_program(vendor, op, vendor_version(77, 1, 2), why_not);
    ASSERT_TRUE(program) << why_not;
    EXPECT_THAT(verify(op, *program), HasSubstr(std::string(vendor.name)));
    EXPECT_THAT(cpu_vendor_missing(*program).value_or(""), HasSubstr(std::string(vendor.name)));
  }
}

TEST(VendorProduct, OnlyWhatTheLibraryIsToldIsTaken) {
  const Operator op = product("A: \"f32[m,k]\", B: \"f32[n,k]\"", "f32[m,n]", "C[m,n] = sum[k](A[m,k] * B[n,k])");
  const VendorProductEmitter emitter(*find_vendor("vendor/openblas"));
  const auto illegal = [&](const Operator& what, const std::string& program) {
    return emitter.illegal(what, TileProgram::parse("contraction vendor/openblas " + program), test_cpu("avx2")).value_or("");
  };
  EXPECT_EQ(illegal(op, "transpose_a=0 transpose_b=1 version=321"), "");
  EXPECT_THAT(illegal(op, "transpose_a=0 transpose_b=0 version=321"), HasSubstr("not how OpenBLAS"));
  EXPECT_THAT(illegal(op, "transpose_a=0 transpose_b=1"), HasSubstr("not how OpenBLAS"));
  EXPECT_THAT(illegal(op, "transpose_a=0 transpose_b=1 version=321 unroll=2"), HasSubstr("not how OpenBLAS"));
  const Operator half = product("A: \"f16[m,k]\", B: \"f16[n,k]\"", "f16[m,n]", "C[m,n] = sum[k](A[m,k] * B[n,k])");
  EXPECT_THAT(illegal(half, "transpose_a=0 transpose_b=1 version=321"), HasSubstr("only f32"));
  const Operator relu = product("A: \"f32[m,k]\", B: \"f32[n,k]\"", "f32[m,n]", "C[m,n] = relu(sum[k](A[m,k] * B[n,k]))");
  EXPECT_THAT(illegal(relu, "transpose_a=0 transpose_b=1 version=321"), HasSubstr("more than a matrix product"));
}

TEST(VendorProduct, VersionsAreNumbersAndTexts) {
  EXPECT_EQ(vendor_version(0, 3, 21), 321);
  EXPECT_EQ(version_text(321), "0.3.21");
  EXPECT_EQ(version_text(vendor_version(2, 6, 3)), "2.6.3");
}

}  // namespace
}  // namespace perftune
