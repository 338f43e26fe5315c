#include "recipes/index_arithmetic.hpp"

#include <algorithm>
#include <utility>

namespace perftune {
namespace {

bool same_atom(const Index::Term& a, const Index::Term& b) {
  return a.atom == b.atom && a.axis == b.axis && a.divisor == b.divisor && a.tensor == b.tensor &&
         a.operands == b.operands;
}

// c*d*(x / d) + c*(x % d) is c*x: splitting an index and joining it again must not widen intervals.
bool rejoin(Index& index) {
  for (std::size_t i = 0; i < index.terms.size(); ++i)
    for (std::size_t j = 0; j < index.terms.size(); ++j) {
      const Index::Term& quotient = index.terms[i];
      const Index::Term& rest = index.terms[j];
      if (quotient.atom != Index::Atom::divide || rest.atom != Index::Atom::modulo) continue;
      if (quotient.divisor != rest.divisor || quotient.operands != rest.operands) continue;
      if (checked_multiply(rest.coefficient, rest.divisor) != quotient.coefficient) continue;
      const std::optional<Index> whole = scale(rest.operands.at(0), rest.coefficient);
      if (!whole) continue;
      Index others = index;
      others.terms.erase(others.terms.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
      others.terms.erase(others.terms.begin() + static_cast<std::ptrdiff_t>(std::min(i, j)));
      std::optional<Index> joined = add(std::move(others), *whole);
      if (!joined) continue;
      index = std::move(*joined);
      return true;
    }
  return false;
}

}  // namespace

std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

std::optional<std::int64_t> checked_multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

std::int64_t floor_divide(std::int64_t a, std::int64_t positive) {
  return a / positive - (a % positive < 0 ? 1 : 0);
}

std::int64_t floor_modulo(std::int64_t a, std::int64_t positive) {
  const std::int64_t rest = a % positive;
  return rest < 0 ? rest + positive : rest;
}

bool is_constant(const Index& index) { return index.terms.empty(); }

std::optional<Index> add(Index a, const Index& b) {
  const auto offset = checked_add(a.offset, b.offset);
  if (!offset) return std::nullopt;
  a.offset = *offset;
  bool may_rejoin = false;
  for (const Index::Term& term : b.terms) {
    may_rejoin = may_rejoin || term.atom == Index::Atom::divide || term.atom == Index::Atom::modulo;
    const auto found = std::find_if(a.terms.begin(), a.terms.end(),
                                    [&](const Index::Term& t) { return same_atom(t, term); });
    if (found == a.terms.end()) {
      a.terms.push_back(term);
      continue;
    }
    const auto coefficient = checked_add(found->coefficient, term.coefficient);
    if (!coefficient) return std::nullopt;
    found->coefficient = *coefficient;
    if (*coefficient == 0) a.terms.erase(found);
  }
  if (may_rejoin) rejoin(a);
  return a;
}

std::optional<Index> scale(Index index, std::int64_t factor) {
  if (factor == 0) return Index{};
  const auto offset = checked_multiply(index.offset, factor);
  if (!offset) return std::nullopt;
  index.offset = *offset;
  for (Index::Term& term : index.terms) {
    const auto coefficient = checked_multiply(term.coefficient, factor);
    if (!coefficient) return std::nullopt;
    term.coefficient = *coefficient;
  }
  return index;
}

Index divide(const Index& index, std::int64_t divisor) {
  if (divisor == 1) return index;
  const auto divisible = [&](const Index::Term& term) { return term.coefficient % divisor == 0; };
  if (std::all_of(index.terms.begin(), index.terms.end(), divisible)) {
    Index quotient = index;
    quotient.offset = floor_divide(index.offset, divisor);
    for (Index::Term& term : quotient.terms) term.coefficient /= divisor;
    return quotient;
  }
  Index::Term term;
  term.atom = Index::Atom::divide;
  term.divisor = divisor;
  term.operands = {index};
  return {0, {term}};
}

Index modulo(const Index& index, std::int64_t divisor) {
  if (divisor == 1) return {};
  const auto divisible = [&](const Index::Term& term) { return term.coefficient % divisor == 0; };
  if (std::all_of(index.terms.begin(), index.terms.end(), divisible))
    return {floor_modulo(index.offset, divisor), {}};
  Index::Term term;
  term.atom = Index::Atom::modulo;
  term.divisor = divisor;
  term.operands = {index};
  return {0, {term}};
}

std::optional<Interval> interval(const Index& index, const std::vector<Axis>& axes) {
  Interval total{index.offset, index.offset, true};
  for (const Index::Term& term : index.terms) {
    Interval atom;
    if (term.atom == Index::Atom::axis) {
      atom.high = axes.at(static_cast<std::size_t>(term.axis)).extent - 1;
    } else if (term.atom == Index::Atom::load) {
      atom.known = false;
    } else {
      const auto operand = interval(term.operands.at(0), axes);
      if (!operand) return std::nullopt;
      const std::int64_t low = floor_divide(operand->low, term.divisor);
      const std::int64_t high = floor_divide(operand->high, term.divisor);
      if (term.atom == Index::Atom::divide) {
        atom = {low, high, operand->known};
      } else if (operand->known && low == high) {
        atom = {floor_modulo(operand->low, term.divisor),
                floor_modulo(operand->high, term.divisor)};
      } else {
        atom = {0, term.divisor - 1};
      }
    }
    total.known = total.known && atom.known;
    const auto a = checked_multiply(term.coefficient, atom.low);
    const auto b = checked_multiply(term.coefficient, atom.high);
    if (!a || !b) return std::nullopt;
    const auto low = checked_add(total.low, std::min(*a, *b));
    const auto high = checked_add(total.high, std::max(*a, *b));
    if (!low || !high) return std::nullopt;
    total.low = *low;
    total.high = *high;
  }
  return total;
}

}  // namespace perftune
