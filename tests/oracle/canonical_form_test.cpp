// The canonical form means what the operator means: its strides, bounds and epilogue, followed by
// plain loops, give the oracle's values for random contractions and convolutions.
#include <gtest/gtest.h>

#include <cmath>

#include "codegen/contraction.hpp"
#include "executor/random_inputs.hpp"
#include "tests/oracle/random_operator.hpp"
#include "tests/oracle/typed_buffers.hpp"

namespace perftune {
namespace {

using Position = std::array<std::vector<std::int64_t>, 4>;  // by Group, then merged axis

class FormEvaluator {
 public:
  FormEvaluator(const Operator& op, const Contraction& form,
                const std::vector<std::vector<std::byte>>& inputs)
      : op_(op), form_(form), inputs_(inputs) {}

  std::vector<double> run() {
    const auto elements = op_.tensors[static_cast<std::size_t>(form_.c.tensor)].elements();
    std::vector<double> c(static_cast<std::size_t>(elements), std::nan(""));
    for (std::int64_t b = 0; b < form_.extent(Group::batch); ++b) {
      for (std::int64_t m = 0; m < form_.extent(Group::m); ++m) {
        for (std::int64_t n = 0; n < form_.extent(Group::n); ++n) {
          place(Group::batch, b);
          place(Group::m, m);
          place(Group::n, n);
          double sum = 0;
          for (std::int64_t k = 0; k < form_.extent(Group::k); ++k) {
            place(Group::k, k);
            sum += read(form_.a) * read(form_.b);
          }
          place(Group::k, 0);
          c.at(static_cast<std::size_t>(address(form_.c))) = epilogue(form_.epilogue, sum);
        }
      }
    }
    return c;
  }

 private:
  void place(Group g, std::int64_t linear) {
    auto& position = at_[static_cast<std::size_t>(g)];
    position.resize(form_.group(g).size());
    for (std::size_t i = 0; i < position.size(); ++i) {
      position[i] = linear / form_.divisor(g, i) % form_.group(g)[i].extent;
    }
  }

  std::int64_t dot(const Position& strides) const {
    std::int64_t sum = 0;
    for (std::size_t g = 0; g < 4; ++g) {
      for (std::size_t i = 0; i < strides[g].size(); ++i) sum += strides[g][i] * at_[g][i];
    }
    return sum;
  }

  std::int64_t address(const Access& access) const { return access.base + dot(access.stride); }

  double read(const Access& access) const {
    for (const Access::Bound& bound : access.bounds) {
      const std::int64_t value = bound.offset + dot(bound.coefficient);
      if (value < 0 || value >= bound.extent) return access.pad;
    }
    const std::vector<std::byte>& bytes = inputs_.at(static_cast<std::size_t>(access.tensor));
    const auto at = static_cast<std::size_t>(address(access)) * size_bytes(access.type);
    EXPECT_LT(at, bytes.size());
    return decode(access.type, bytes.data() + at);
  }

  double epilogue(const ExprPtr& e, double acc) const {
    if (e->kind == Expr::Kind::accumulator) return acc;
    if (e->kind == Expr::Kind::constant) return e->value;
    if (e->kind == Expr::Kind::read) {
      for (std::size_t i = 0; i < form_.extra.size(); ++i) {
        if (same(form_.extra_reads[i], e)) return read(form_.extra[i]);
      }
      ADD_FAILURE() << "a read of the epilogue is not listed";
      return 0;
    }
    Approximate args[3];
    for (std::size_t i = 0; i < e->args.size(); ++i) args[i] = {epilogue(e->args[i], acc), 0};
    return apply_approximately(e->function, e->type, args, {}).value;
  }

  const Operator& op_;
  const Contraction& form_;
  const std::vector<std::vector<std::byte>>& inputs_;
  Position at_;
};

void expect_same_values(const std::string& text) {
  SCOPED_TRACE(text);
  const Operator op = operator_of(text);
  const Canonicalised canonical = canonicalise_contraction(op);
  ASSERT_TRUE(canonical.form) << canonical.why_not;
  const auto inputs = random_inputs(op, 1);
  const auto expected = Oracle(op, views(inputs)).evaluate(op.outputs().at(0));
  const auto got = FormEvaluator(op, *canonical.form, inputs).run();
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i].value, 1e-11 * (1 + std::abs(expected[i].value))) << i;
  }
}

TEST(CanonicalForm, RandomContractionsKeepTheirValues) {
  RandomContractionOptions options;
  options.types = {DType::f32, DType::f16, DType::bf16, DType::i8};
  options.largest_m = options.largest_n = options.largest_k = 20;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    expect_same_values(random_contraction(seed, options));
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(CanonicalForm, RandomConvolutionsKeepTheirValues) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    expect_same_values(random_convolution(seed));
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace perftune
