// Scalar expressions over tensor elements: what one statement of an operator computes.
//
// Trees are immutable and shared. Axes and tensors are numbers: positions in the enclosing
// Statement::axes and Operator::tensors. Meaning is that of real arithmetic; rounding belongs to
// whoever evaluates (the oracle in float64, a generated kernel in its accumulator type).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "recipes/dtype.hpp"

namespace perftune {

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

// One subscript: offset + sum(coefficient * atom), integer arithmetic. An atom is an axis, a
// floored division or a modulo of another index by a positive constant, or a value read from an
// integer tensor (one level of indirection: the nested subscripts hold no further load).
struct Index {
  enum class Atom : std::uint8_t { axis, divide, modulo, load };
  struct Term {
    std::int64_t coefficient = 1;
    Atom atom = Atom::axis;
    int axis = -1;                // Atom::axis
    std::int64_t divisor = 1;     // divide, modulo
    int tensor = -1;              // load
    std::vector<Index> operands;  // divide, modulo: one; load: one per dimension
    bool operator==(const Term&) const = default;
  };
  std::int64_t offset = 0;
  std::vector<Term> terms;

  bool operator==(const Index&) const = default;
  bool affine() const;                              // only Atom::axis terms
  std::int64_t coefficient(int axis) const;         // of the plain axis term; 0 when absent
};

enum class Function : std::uint8_t {
  add, subtract, multiply, divide, negate, minimum, maximum,
  abs, exp, log, sqrt, rsqrt, tanh, erf, sigmoid, relu, gelu, silu, pow,
  select,  // select(condition, if_true, if_false)
  cast,    // rounds to Expr::type
  less, less_equal, greater, greater_equal, equal, not_equal,  // 0 or 1
};
std::string_view name(Function function);  // as written in operator files ("+", "gelu", ...)

enum class Reduction : std::uint8_t { sum, maximum, minimum, product };
std::string_view name(Reduction reduction);

struct Expr {
  enum class Kind : std::uint8_t {
    constant,     // value
    axis,         // the value of an axis, as a number
    read,         // tensor[indices]
    apply,        // function(args...)
    reduce,       // reduction over `axes` of args[0]
    accumulator,  // a finished reduction: only in canonical forms (codegen), never in files
  };
  Kind kind = Kind::constant;
  double value = 0;                      // constant
  bool from_dims = false;                // constant: it changes with the dimensions
  int axis = -1;                         // axis
  int tensor = -1;                       // read
  std::vector<Index> indices;            // read
  Function function = Function::add;     // apply
  DType type = DType::f32;               // apply cast
  Reduction reduction = Reduction::sum;  // reduce
  std::vector<int> axes;                 // reduce: axes that it binds
  std::vector<ExprPtr> args;             // apply, reduce
};

ExprPtr make_constant(double value);
ExprPtr make_read(int tensor, std::vector<Index> indices);
ExprPtr make_apply(Function function, std::vector<ExprPtr> args);
bool same(const ExprPtr& a, const ExprPtr& b);  // structural equality

}  // namespace perftune
