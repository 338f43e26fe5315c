#include "recipes/expression.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace perftune {

bool Index::affine() const {
  return std::all_of(terms.begin(), terms.end(),
                     [](const Term& term) { return term.atom == Atom::axis; });
}

std::int64_t Index::coefficient(int axis) const {
  for (const Term& term : terms)
    if (term.atom == Atom::axis && term.axis == axis) return term.coefficient;
  return 0;
}

std::string_view name(Function function) {
  // In the order of the enumeration.
  static constexpr std::array<std::string_view, 27> kNames = {
      "+",   "-",      "*",     "/",    "-",   "min",     "max",  "abs",  "exp",
      "log", "sqrt",   "rsqrt", "tanh", "erf", "sigmoid", "relu", "gelu", "silu",
      "pow", "select", "cast",  "<",    "<=",  ">",       ">=",   "==",   "!="};
  return kNames.at(static_cast<std::size_t>(function));
}

std::string_view name(Reduction reduction) {
  static constexpr std::array<std::string_view, 4> kNames = {"sum", "max", "min", "prod"};
  return kNames.at(static_cast<std::size_t>(reduction));
}

ExprPtr make_constant(double value) {
  auto expr = std::make_shared<Expr>();
  expr->kind = Expr::Kind::constant;
  expr->value = value;
  return expr;
}

ExprPtr make_read(int tensor, std::vector<Index> indices) {
  auto expr = std::make_shared<Expr>();
  expr->kind = Expr::Kind::read;
  expr->tensor = tensor;
  expr->indices = std::move(indices);
  return expr;
}

ExprPtr make_apply(Function function, std::vector<ExprPtr> args) {
  auto expr = std::make_shared<Expr>();
  expr->kind = Expr::Kind::apply;
  expr->function = function;
  expr->args = std::move(args);
  return expr;
}

bool same(const ExprPtr& a, const ExprPtr& b) {
  if (a == b) return true;
  if (!a || !b || a->kind != b->kind) return false;
  switch (a->kind) {
    case Expr::Kind::constant:
      // NaN never comes from a file; an equal bit pattern is not required, an equal value is.
      return a->value == b->value;
    case Expr::Kind::axis:
      return a->axis == b->axis;
    case Expr::Kind::read:
      return a->tensor == b->tensor && a->indices == b->indices;
    case Expr::Kind::apply:
      if (a->function != b->function || a->type != b->type) return false;
      break;
    case Expr::Kind::reduce:
      if (a->reduction != b->reduction || a->axes != b->axes) return false;
      break;
    case Expr::Kind::accumulator:
      return true;
  }
  return std::equal(a->args.begin(), a->args.end(), b->args.begin(), b->args.end(), same);
}

}  // namespace perftune
