#include "executor/index_check.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "executor/random_inputs.hpp"
#include "executor/verification.hpp"
#include "recipes/number_format.hpp"

namespace perftune {
namespace {

void collect(const Index& index, std::set<int>& tensors) {
  for (const Index::Term& term : index.terms) {
    if (term.atom == Index::Atom::load) tensors.insert(term.tensor);
    for (const Index& operand : term.operands) collect(operand, tensors);
  }
}

void collect(const Expr& e, std::set<int>& tensors) {
  for (const Index& index : e.indices) collect(index, tensors);
  for (const ExprPtr& arg : e.args) collect(*arg, tensors);
}

}  // namespace

std::optional<std::string> index_out_of_range(const Operator& op,
                                              std::span<const std::span<const std::byte>> inputs) {
  std::set<int> indices;
  for (const Statement& statement : op.statements) collect(*statement.value, indices);
  const auto slots = op.inputs();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!indices.contains(slots[i])) continue;
    const Tensor& tensor = op.tensors[static_cast<std::size_t>(slots[i])];
    const ValueRange range = input_range(op, slots[i]);
    std::vector<double> values(static_cast<std::size_t>(tensor.elements()));
    decode(tensor.type, inputs[i], values);
    for (std::size_t v = 0; v < values.size(); ++v)
      if (values[v] < range.low || values[v] >= range.high)
        return fmt::format("{} = {:g} would read outside its tensor; {:g} to {:g} are inside",
                           element_name(tensor, static_cast<std::int64_t>(v)), values[v], range.low,
                           range.high - 1);
  }
  return std::nullopt;
}

}  // namespace perftune
