// Prints a scalar expression (an epilogue) as C++ text that CUDA and CPU device headers both take.
//
// The text is the body of a functor template over the value type T: float, double, int, or a SIMD
// vector of one of these on the CPU. It names
//   acc            the finished reduction, a T
//   e0, e1, ...    the operand reads, already converted to T, in the order of `reads`
// and otherwise only the vocabulary below, which each device header defines in namespace pt
// (codegen/cuda/scalar.cuh, codegen/cpu/device/scalar.hpp). Pure; throws nothing; an expression
// that is not over accumulator, constants and the given reads is a bug and aborts.
//
// Vocabulary (T x, a, b; M is whatever mask type comparisons of T give):
//   splat<T>(c)               the double constant c as a T; constexpr for scalar T
//   infinity<T>()  not_a_number<T>()
//   + - * / and unary -       of T
//   minimum(a,b) maximum(a,b) the smaller, the larger; either operand when one is NaN
//   abs exp log sqrt tanh erf the usual functions
//   rsqrt(x)                  1 / sqrt(x)
//   pow(a,b)                  a^b as std::pow
//   sigmoid(x)                1 / (1 + exp(-x)); finite for every finite x
//   relu(x)                   maximum(x, 0)
//   gelu(x)                   x/2 * (1 + erf(x / sqrt 2)): the exact form, not the tanh one
//   silu(x)                   x * sigmoid(x)
//   less less_equal greater greater_equal equal not_equal (a,b)    -> M
//   select(M m, a, b)         a where m, else b
//   round_to<D>(x)            x rounded to the values of D, still a T. D is one of pt::f64 f32 tf32
//                             f16 bf16 f8e4m3 f8e5m2 i32 i8 u8 boolean: the storage types of the
//                             device header. Nearest even; f8 types and integers saturate
//                             (recipes/number_format.hpp is the reference).
// For T = int only + - * unary -, splat, minimum, maximum, abs, relu, comparisons, select and
// round_to of integer types occur (see `scalar_type`).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "codegen/contraction.hpp"
#include "recipes/expression.hpp"

namespace perftune {

// One C++ expression of type T, with no more parentheses than it needs.
std::string print_scalar(const ExprPtr& expr, const std::vector<ExprPtr>& reads);

// The same where `leaf` prints the operands: asked for every constant, read, axis value and
// accumulator, it answers with a primary expression of type T, or with "" for what the function above
// would print.
using LeafPrinter = std::function<std::string(const Expr& leaf)>;
std::string print_scalar(const ExprPtr& expr, const LeafPrinter& leaf);

// The leaves of an expression in the order in which the functions above come by: infix operators and
// select right to left, calls left to right.
void visit_scalar(const ExprPtr& expr, const std::function<void(const Expr& leaf)>& leaf);

// The type T to evaluate a contraction's epilogue in: f64, f32 or i32. i32 only for an i32
// accumulator whose epilogue stays within integers; such an accumulator is otherwise converted.
DType scalar_type(const Contraction& form);

// "pt::f16": how device headers spell a storage type.
std::string device_type(DType type);

// The constant as `pt::splat<T>(0.1)`, shortest text that reads back exactly.
std::string print_constant(double value);

}  // namespace perftune
