#include "codegen/scalar_printer.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

namespace perftune {
namespace {

ExprPtr accumulator() {
  Expr e;
  e.kind = Expr::Kind::accumulator;
  return std::make_shared<const Expr>(e);
}

ExprPtr call(Function f, std::vector<ExprPtr> args) { return make_apply(f, std::move(args)); }

ExprPtr cast_to(DType type, const ExprPtr& x) {
  Expr e = *make_apply(Function::cast, {x});
  e.type = type;
  return std::make_shared<const Expr>(e);
}

Index axis_index(int axis) {
  Index index;
  Index::Term term;
  term.axis = axis;
  index.terms.push_back(term);
  return index;
}

const ExprPtr acc = accumulator();
const ExprPtr bias = make_read(2, {axis_index(1)});
const ExprPtr residual = make_read(3, {axis_index(0), axis_index(1)});

std::string print(const ExprPtr& e) { return print_scalar(e, {bias, residual}); }

TEST(ScalarPrinter, NamesAccumulatorAndReads) {
  EXPECT_EQ(print(acc), "acc");
  EXPECT_EQ(print(call(Function::gelu, {call(Function::add, {acc, bias})})), "pt::gelu(acc + e0)");
  EXPECT_EQ(print(residual), "e1");
  // A read is known by what it reads, not by which object it is.
  EXPECT_EQ(print(make_read(2, {axis_index(1)})), "e0");
}

TEST(ScalarPrinter, ParenthesesOnlyWhereTheTreeNeedsThem) {
  const auto add = [](ExprPtr a, ExprPtr b) { return call(Function::add, {a, b}); };
  const auto sub = [](ExprPtr a, ExprPtr b) { return call(Function::subtract, {a, b}); };
  const auto mul = [](ExprPtr a, ExprPtr b) { return call(Function::multiply, {a, b}); };
  const auto div = [](ExprPtr a, ExprPtr b) { return call(Function::divide, {a, b}); };
  const auto neg = [](ExprPtr a) { return call(Function::negate, {a}); };
  EXPECT_EQ(print(add(mul(acc, bias), residual)), "acc * e0 + e1");
  EXPECT_EQ(print(mul(add(acc, bias), residual)), "(acc + e0) * e1");
  EXPECT_EQ(print(sub(acc, sub(bias, residual))), "acc - (e0 - e1)");
  EXPECT_EQ(print(sub(sub(acc, bias), residual)), "acc - e0 - e1");
  EXPECT_EQ(print(add(acc, add(bias, residual))), "acc + (e0 + e1)");
  EXPECT_EQ(print(div(acc, mul(bias, residual))), "acc / (e0 * e1)");
  EXPECT_EQ(print(neg(neg(acc))), "-(-acc)");
  EXPECT_EQ(print(mul(neg(acc), bias)), "-acc * e0");
  EXPECT_EQ(print(neg(mul(acc, bias))), "-(acc * e0)");
  EXPECT_EQ(print(sub(acc, neg(bias))), "acc - -e0");
}

TEST(ScalarPrinter, ConstantsReadBackExactly) {
  EXPECT_EQ(print_constant(0.5), "pt::splat<T>(0.5)");
  EXPECT_EQ(print_constant(3), "pt::splat<T>(3.0)");
  EXPECT_EQ(print_constant(-2), "pt::splat<T>(-2.0)");
  EXPECT_EQ(print_constant(1e300), "pt::splat<T>(1e+300)");
  EXPECT_EQ(print_constant(std::numeric_limits<double>::infinity()), "pt::infinity<T>()");
  EXPECT_EQ(print_constant(-std::numeric_limits<double>::infinity()), "-pt::infinity<T>()");
  EXPECT_EQ(print_constant(std::numeric_limits<double>::quiet_NaN()), "pt::not_a_number<T>()");
  const std::string prefix = "pt::splat<T>(";
  for (const double value : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, 0.044715}) {
    const std::string text = print_constant(value);
    EXPECT_EQ(std::strtod(text.c_str() + prefix.size(), nullptr), value) << text;
  }
}

TEST(ScalarPrinter, ComparisonsAreMasksInSelectAndNumbersElsewhere) {
  const ExprPtr zero = make_constant(0);
  const ExprPtr positive = call(Function::greater, {acc, zero});
  EXPECT_EQ(print(call(Function::select, {positive, acc, bias})),
            "pt::select(pt::greater(acc, pt::splat<T>(0.0)), acc, e0)");
  EXPECT_EQ(print(call(Function::multiply, {positive, bias})),
            "pt::select(pt::greater(acc, pt::splat<T>(0.0)), pt::splat<T>(1.0), "
            "pt::splat<T>(0.0)) * e0");
  EXPECT_EQ(print(call(Function::select, {bias, acc, zero})),
            "pt::select(pt::not_equal(e0, pt::splat<T>(0.0)), acc, pt::splat<T>(0.0))");
}

TEST(ScalarPrinter, CastsRound) {
  EXPECT_EQ(print(cast_to(DType::f16, call(Function::add, {acc, bias}))),
            "pt::round_to<pt::f16>(acc + e0)");
}

Contraction with_epilogue(DType accumulate, const ExprPtr& epilogue, DType read_type) {
  Contraction form;
  form.accumulate = accumulate;
  form.epilogue = epilogue;
  form.extra_reads = {bias};
  form.extra.resize(1);
  form.extra[0].type = read_type;
  return form;
}

TEST(ScalarType, StaysIntegerOnlyForIntegerEpilogues) {
  const ExprPtr sum = call(Function::add, {acc, bias});
  EXPECT_EQ(scalar_type(with_epilogue(DType::i32, sum, DType::i32)), DType::i32);
  EXPECT_EQ(scalar_type(with_epilogue(DType::i32, sum, DType::f32)), DType::f32);
  const ExprPtr half = call(Function::multiply, {acc, make_constant(0.5)});
  EXPECT_EQ(scalar_type(with_epilogue(DType::i32, half, DType::i32)), DType::f32);
  EXPECT_EQ(scalar_type(with_epilogue(DType::f16, sum, DType::f16)), DType::f32);
  EXPECT_EQ(scalar_type(with_epilogue(DType::f32, sum, DType::f64)), DType::f64);
  EXPECT_EQ(scalar_type(with_epilogue(DType::f64, acc, DType::f32)), DType::f64);
}

}  // namespace
}  // namespace perftune
