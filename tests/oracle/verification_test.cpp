// What a check catches, with a device whose "kernel" is the test's own code.
#include "executor/verification.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include "executor/poison.hpp"
#include "executor/random_inputs.hpp"
#include "tests/oracle/typed_buffers.hpp"

namespace perftune {
namespace {

using testing::HasSubstr;

// Runs `body` on its tensors in place of a kernel.
class ScriptedDevice : public Device {
 public:
  using Buffers = std::vector<std::vector<std::byte>>;
  explicit ScriptedDevice(std::function<std::optional<Failure>(Buffers&)> body)
      : body_(std::move(body)) {}

  const Hardware& hardware() const override { return hardware_; }

  void load(const Operator& op, std::span<const std::span<const std::byte>> inputs) override {
    buffers_.clear();
    for (const Tensor& tensor : op.tensors) {
      buffers_.emplace_back(static_cast<std::size_t>(tensor.bytes()), poison(tensor.type));
    }
    const std::vector<int> slots = op.inputs();
    for (std::size_t i = 0; i < slots.size(); ++i) {
      buffers_[static_cast<std::size_t>(slots[i])].assign(inputs[i].begin(), inputs[i].end());
    }
  }

  std::optional<Failure> launch(const CompiledKernel&, const Launch&) override {
    return body_(buffers_);
  }

  void read(int slot, std::span<std::byte> into) override {
    std::ranges::copy(buffers_[static_cast<std::size_t>(slot)], into.begin());
  }

  std::optional<std::string> guard_violation() const override { return violation; }

  std::optional<std::string> violation;

 private:
  std::function<std::optional<Failure>(Buffers&)> body_;
  Hardware hardware_;
  Buffers buffers_;
};

Operator matmul(int m, int n, int k, const std::string& type) {
  const auto dim = [](const char* axis, int extent) {
    return std::string(axis) + ": " + std::to_string(extent);
  };
  return operator_of("name: t\ndims: {" + dim("m", m) + ", " + dim("n", n) + ", " + dim("k", k) +
                     "}\ninputs: {A: \"" + type + "[m,k]\", B: \"" + type +
                     "[k,n]\"}\noutputs: {C: \"" + type +
                     "[m,n]\"}\ncompute:\n  - C[m,n] = relu(sum[k](A[m,k] * B[k,n]) + 0.5)\n");
}

// The operator above in single precision, summed in the given number of interleaved parts.
void run_single(const Operator& op, ScriptedDevice::Buffers& buffers, std::size_t parts = 1) {
  const auto m = static_cast<std::size_t>(op.tensors[0].shape[0]);
  const auto k = static_cast<std::size_t>(op.tensors[0].shape[1]);
  const auto n = static_cast<std::size_t>(op.tensors[1].shape[1]);
  const DType type = op.tensors[0].type;
  std::vector<double> a(m * k);
  std::vector<double> b(k * n);
  decode(type, buffers[0], a);
  decode(type, buffers[1], b);
  std::vector<double> c(m * n);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      float total = 0;
      for (std::size_t part = 0; part < parts; ++part) {
        float sum = 0;
        for (std::size_t p = part; p < k; p += parts) {
          sum += static_cast<float>(a[i * k + p]) * static_cast<float>(b[p * n + j]);
        }
        total += sum;
      }
      c[i * n + j] = std::max(total + 0.5F, 0.0F);
    }
  }
  encode(type, c, buffers[2]);
}

void overwrite(const Operator& op, ScriptedDevice::Buffers& buffers, std::size_t element,
               double value) {
  const DType type = op.tensors[2].type;
  encode(type, value, buffers[2].data() + element * size_bytes(type));
}

std::optional<Failure> check(const Operator& op, ScriptedDevice& device) {
  return verify_on(device, op, CompiledKernel{}, Launch{}, 17);
}

using Sabotage = std::function<void(const Operator&, ScriptedDevice::Buffers&)>;

std::optional<Failure> check_with(const Operator& op, const Sabotage& sabotage) {
  ScriptedDevice device([&](ScriptedDevice::Buffers& buffers) -> std::optional<Failure> {
    run_single(op, buffers);
    sabotage(op, buffers);
    return std::nullopt;
  });
  return check(op, device);
}

TEST(Verification, CorrectKernelsPassInEveryTypeAndOrder) {
  for (const char* type : {"f32", "f16", "bf16", "f8e4m3", "f8e5m2"}) {
    for (const std::size_t parts : {1U, 8U}) {
      const Operator op = matmul(33, 29, 300, type);
      ScriptedDevice device([&](ScriptedDevice::Buffers& buffers) -> std::optional<Failure> {
        run_single(op, buffers, parts);
        return std::nullopt;
      });
      const auto failure = check(op, device);
      EXPECT_FALSE(failure) << type << ": " << failure->detail;
    }
  }
}

TEST(Verification, OneWrongElementIsNamed) {
  const auto failure = check_with(matmul(33, 29, 64, "f32"), [](auto& op, auto& buffers) {
    overwrite(op, buffers, 3 * 29 + 17, 100.25);
  });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, OutcomeKind::wrong_result);
  EXPECT_THAT(failure->detail, HasSubstr("C[3,17] = 100.25, expected "));
  EXPECT_THAT(failure->detail, HasSubstr("(tolerance "));
  EXPECT_THAT(failure->detail, HasSubstr("1 of 957 elements checked differ"));
}

TEST(Verification, AMissingTermIsCaught) {
  const Operator op = matmul(33, 29, 256, "f32");
  ScriptedDevice device([&](ScriptedDevice::Buffers& buffers) -> std::optional<Failure> {
    const auto a = buffers[0];
    for (std::size_t i = 0; i < 33; ++i) {  // the last k step is left out
      encode(DType::f32, 0, buffers[0].data() + (i * 256 + 255) * 4);
    }
    run_single(op, buffers);
    buffers[0] = a;
    return std::nullopt;
  });
  const auto failure = check(op, device);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, OutcomeKind::wrong_result);
}

TEST(Verification, ZerosNanAndPoisonNeverPass) {
  const Operator op = matmul(9, 9, 16, "f16");
  const auto zeros =
      check_with(op, [](auto&, auto& buffers) { std::ranges::fill(buffers[2], std::byte{0}); });
  ASSERT_TRUE(zeros);
  EXPECT_EQ(zeros->detail, "C is zero everywhere");
  const auto nan = check_with(op, [](auto& o, auto& buffers) {
    overwrite(o, buffers, 80, std::numeric_limits<double>::quiet_NaN());
  });
  ASSERT_TRUE(nan);
  EXPECT_THAT(nan->detail, HasSubstr("C[8,8] = nan"));
  const auto unwritten = check_with(op, [](auto& o, auto& buffers) {
    std::fill_n(buffers[2].begin() + 20, 2, poison(o.tensors[2].type));
  });
  ASSERT_TRUE(unwritten);
  EXPECT_THAT(unwritten->detail, HasSubstr("C[1,1] = "));
}

TEST(Verification, ChangedInputsGuardsAndLaunchFailuresAreTold) {
  const Operator op = matmul(9, 9, 16, "f32");
  const auto changed = check_with(op, [](auto&, auto& buffers) { buffers[1][5] ^= std::byte{1}; });
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->detail, "the kernel changed its input B");

  ScriptedDevice guarded([&](ScriptedDevice::Buffers& buffers) -> std::optional<Failure> {
    run_single(op, buffers);
    return std::nullopt;
  });
  guarded.violation = "wrote 4 bytes after C";
  const auto violation = check(op, guarded);
  ASSERT_TRUE(violation);
  EXPECT_EQ(violation->kind, OutcomeKind::wrong_result);
  EXPECT_EQ(violation->detail, "wrote 4 bytes after C");

  ScriptedDevice failing([](ScriptedDevice::Buffers&) -> std::optional<Failure> {
    return Failure{OutcomeKind::launch_failed, "too many resources"};
  });
  const auto failed = check(op, failing);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->kind, OutcomeKind::launch_failed);
}

TEST(Verification, OneWrongElementAtATileBoundaryOfALargeOutputIsCaught) {
  const Operator op = matmul(1500, 1500, 16, "f32");  // too many points to check all
  CompiledKernel kernel;
  kernel.kernel.program = {"contraction", "cuda/simt", {{"block_m", 128}, {"block_n", 256}}};
  for (const std::size_t element : {127U * 1500U + 256U, 1408U * 1500U + 1279U}) {
    ScriptedDevice device([&](ScriptedDevice::Buffers& buffers) -> std::optional<Failure> {
      run_single(op, buffers);
      overwrite(op, buffers, element, 50);
      return std::nullopt;
    });
    const auto failure = verify_on(device, op, kernel, Launch{}, 17);
    ASSERT_TRUE(failure);
    EXPECT_THAT(failure->detail, HasSubstr(" = 50, expected "));
  }
}

TEST(Verification, UncheckedElementsOfALargeOutputMustBeWritten) {
  Tensor tensor;
  tensor.name = "C";
  tensor.type = DType::f16;
  tensor.shape = {100, 100};
  tensor.role = Tensor::Role::output;
  auto bytes = stored(DType::f16, std::vector<double>(10'000, 1.0));
  const std::vector<std::int64_t> elements{0, 9999};
  const std::vector<Approximate> expected{{1, 0}, {1, 0}};
  EXPECT_FALSE(compare(tensor, elements, expected, bytes));
  std::fill_n(bytes.begin() + 2 * 4242, 2, poison(tensor.type));
  const auto wrong = compare(tensor, elements, expected, bytes);
  ASSERT_TRUE(wrong);
  EXPECT_THAT(*wrong, HasSubstr("C[42,42] is NaN"));
}

TEST(Verification, ZeroAndNanPassWhereTheOracleHasThem) {
  Tensor tensor;
  tensor.name = "C";
  tensor.shape = {2};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::int64_t> elements{0, 1};
  const std::vector<Approximate> zero{{0, 0}, {0, 0}};
  EXPECT_FALSE(compare(tensor, elements, zero, stored(DType::f32, {0, 0})));
  const std::vector<Approximate> undefined{{nan, 0}, {1, 0}};
  EXPECT_FALSE(compare(tensor, elements, undefined, stored(DType::f32, {nan, 1})));
  EXPECT_TRUE(compare(tensor, elements, undefined, stored(DType::f32, {0, 1})));
}

TEST(Verification, WhatANanIsAsAnIntegerIsTheMachines) {
  Tensor tensor;
  tensor.name = "y";
  tensor.type = DType::i32;
  tensor.shape = {2};
  const std::vector<std::int64_t> elements = {0, 1};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Approximate> half = {{nan, nan}, {3, 0}};
  EXPECT_FALSE(compare(tensor, elements, half, stored(DType::i32, {0, 3})));
  EXPECT_FALSE(compare(tensor, elements, half, stored(DType::i32, {-2147483648.0, 3})));
  EXPECT_TRUE(compare(tensor, elements, half, stored(DType::i32, {0, 4})));
  const std::vector<Approximate> none = {{nan, nan}, {nan, nan}};
  EXPECT_FALSE(compare(tensor, elements, none, stored(DType::i32, {0, 0})));
}

}  // namespace
}  // namespace perftune
