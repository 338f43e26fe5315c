#include "codegen/index_rewrite.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "recipes/error.hpp"
#include "recipes/index_arithmetic.hpp"

namespace perftune {
namespace {

// Subscripts were checked when they were bound; rewriting keeps their values, so nothing overflows
// that did not before.
Index checked(std::optional<Index> index) {
  if (!index) throw Error(ErrorKind::internal, "a rewritten subscript overflows");
  return *std::move(index);
}

// index / divisor as multiple * divisor + rest, rest being what divisions have to look at.
struct Parts {
  Index multiple;
  Index rest;
};

Parts take_multiples(const Index& index, std::int64_t divisor) {
  Parts parts;
  parts.multiple.offset = floor_divide(index.offset, divisor);
  parts.rest.offset = floor_modulo(index.offset, divisor);
  for (Index::Term term : index.terms) {
    if (term.coefficient % divisor != 0) {
      parts.rest.terms.push_back(std::move(term));
      continue;
    }
    term.coefficient /= divisor;
    parts.multiple.terms.push_back(std::move(term));
  }
  return parts;
}

// What divides divisor and most terms of `index`, such that the others never reach it: then both
// sides of a division can be divided by it. 1: nothing does.
std::int64_t common_factor(const Index& index, std::int64_t divisor, const std::vector<Axis>& axes) {
  for (const Index::Term& term : index.terms) {
    const std::int64_t factor = std::gcd(term.coefficient, divisor);
    if (factor <= 1) continue;
    const auto rest = interval(take_multiples(index, factor).rest, axes);
    if (rest && rest->known && rest->low >= 0 && rest->high < factor) return factor;
  }
  return 1;
}

Index divide_within(const Index& index, std::int64_t divisor, const std::vector<Axis>& axes) {
  Parts parts = take_multiples(index, divisor);
  const auto reach = interval(parts.rest, axes);
  if (reach && reach->known &&
      floor_divide(reach->low, divisor) == floor_divide(reach->high, divisor)) {
    parts.multiple.offset += floor_divide(reach->low, divisor);
    return parts.multiple;
  }
  const std::int64_t factor = common_factor(parts.rest, divisor, axes);
  if (factor > 1)
    return checked(add(std::move(parts.multiple),
                       divide_within(take_multiples(parts.rest, factor).multiple, divisor / factor,
                                     axes)));
  return checked(add(std::move(parts.multiple), divide(parts.rest, divisor)));
}

Index modulo_within(const Index& index, std::int64_t divisor, const std::vector<Axis>& axes) {
  const Index rest = take_multiples(index, divisor).rest;
  const auto reach = interval(rest, axes);
  if (reach && reach->known) {
    const std::int64_t turns = floor_divide(reach->low, divisor);
    if (turns == floor_divide(reach->high, divisor)) {
      Index inside = rest;
      inside.offset -= turns * divisor;
      return inside;
    }
  }
  const std::int64_t factor = common_factor(rest, divisor, axes);
  if (factor > 1) {
    Parts parts = take_multiples(rest, factor);
    return checked(add(checked(scale(modulo_within(parts.multiple, divisor / factor, axes), factor)),
                       parts.rest));
  }
  return modulo(rest, divisor);
}

}  // namespace

Index axis_index(int axis) {
  Index index;
  index.terms.emplace_back();
  index.terms.back().axis = axis;
  return index;
}

Index substitute(const Index& index, const std::vector<Index>& by, const std::vector<Axis>& axes) {
  Index sum;
  sum.offset = index.offset;
  for (const Index::Term& term : index.terms) {
    Index atom;
    switch (term.atom) {
      case Index::Atom::axis:
        atom = by.at(static_cast<std::size_t>(term.axis));
        break;
      case Index::Atom::divide:
        atom = divide_within(substitute(term.operands.at(0), by, axes), term.divisor, axes);
        break;
      case Index::Atom::modulo:
        atom = modulo_within(substitute(term.operands.at(0), by, axes), term.divisor, axes);
        break;
      case Index::Atom::load: {
        Index::Term read = term;
        read.coefficient = 1;
        for (Index& operand : read.operands) operand = substitute(operand, by, axes);
        atom.terms.push_back(std::move(read));
        break;
      }
    }
    sum = checked(add(std::move(sum), checked(scale(std::move(atom), term.coefficient))));
  }
  return sum;
}

ExprPtr substitute(const ExprPtr& value, const std::vector<Index>& by,
                   const std::vector<Axis>& axes, int axis_shift) {
  Expr copy = *value;
  if (copy.kind == Expr::Kind::axis) copy.axis += axis_shift;
  for (Index& index : copy.indices) index = substitute(index, by, axes);
  for (ExprPtr& arg : copy.args) arg = substitute(arg, by, axes, axis_shift);
  return std::make_shared<const Expr>(std::move(copy));
}

bool has_plain(const Index& index, int axis) { return index.coefficient(axis) != 0; }

bool has_inside_atom(const Index& index, int axis) {
  return std::any_of(index.terms.begin(), index.terms.end(), [&](const Index::Term& term) {
    return term.atom != Index::Atom::axis &&
           std::any_of(term.operands.begin(), term.operands.end(), [&](const Index& operand) {
             return has_plain(operand, axis) || has_inside_atom(operand, axis);
           });
  });
}

}  // namespace perftune
