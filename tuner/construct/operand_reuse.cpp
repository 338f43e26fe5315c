#include "tuner/construct/operand_reuse.hpp"

#include <fmt/format.h>

#include "codegen/contraction.hpp"

namespace perftune {
namespace {

// Sums that share an operand element before only tiles are worth looking at. Below it a reduction
// can win: few outputs of a deep k keep more threads busy by rows, and caches serve the second use.
constexpr std::int64_t kFewSums = 64;

}  // namespace

std::optional<std::string> better_contracted(const Operator& op) {
  const Canonicalised canonical = canonicalise_contraction(op);
  if (!canonical.form) return std::nullopt;
  const std::int64_t m = canonical.form->extent(Group::m), n = canonical.form->extent(Group::n);
  if (m < kFewSums || n < kFewSums) return std::nullopt;
  return fmt::format(
      "a contraction: every element of its operands enters {} or {} sums, which only tiles reuse",
      n, m);
}

}  // namespace perftune
