#include "recipes/integer_formula.hpp"

#include <algorithm>

#include "recipes/index_arithmetic.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

std::int64_t in_range(const Syntax& node, std::optional<std::int64_t> value) {
  if (!value) reject(node.offset, "the value does not fit 63 bits");
  return *value;
}

}  // namespace

std::int64_t evaluate_formula(const Syntax& node, const NameValue& value_of) {
  const auto child = [&](std::size_t i) { return evaluate_formula(node.children.at(i), value_of); };
  const auto positive = [&](std::size_t i) {
    const std::int64_t divisor = child(i);
    if (divisor <= 0)
      reject(node.children[i].offset, words("division by {}", divisor),
             "divisors are positive");
    return divisor;
  };
  switch (node.kind) {
    case Syntax::Kind::number:
      if (!node.integer) reject(node.offset, "an extent must be an integer");
      return node.whole;
    case Syntax::Kind::word:
      if (const auto value = value_of(node)) return *value;
      reject(node.offset, words("unknown dimension '{}'", node.text),
             "define it under dims: or, earlier, under let:");
    case Syntax::Kind::modulo:
      return floor_modulo(child(0), positive(1));
    case Syntax::Kind::apply:
      switch (node.function) {
        case Function::add:
          return in_range(node, checked_add(child(0), child(1)));
        case Function::subtract: {
          const auto negated = checked_multiply(child(1), -1);
          return in_range(node, checked_add(child(0), in_range(node, negated)));
        }
        case Function::multiply:
          return in_range(node, checked_multiply(child(0), child(1)));
        case Function::divide:
          return floor_divide(child(0), positive(1));
        case Function::negate:
          return in_range(node, checked_multiply(child(0), -1));
        case Function::less:
          return child(0) < child(1) ? 1 : 0;
        case Function::less_equal:
          return child(0) <= child(1) ? 1 : 0;
        case Function::greater:
          return child(0) > child(1) ? 1 : 0;
        case Function::greater_equal:
          return child(0) >= child(1) ? 1 : 0;
        case Function::equal:
          return child(0) == child(1) ? 1 : 0;
        case Function::not_equal:
          return child(0) != child(1) ? 1 : 0;
        default:
          break;
      }
      break;
    case Syntax::Kind::call:
      if ((node.text == "min" || node.text == "max") && node.children.size() == 2)
        return node.text == "min" ? std::min(child(0), child(1)) : std::max(child(0), child(1));
      break;
    default:
      break;
  }
  reject(node.offset, words("'{}' cannot stand in an integer formula", node.text),
         "use + - * / % min(,) max(,) over dimensions");
}

}  // namespace perftune
