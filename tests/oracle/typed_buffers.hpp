// Buffers of stored elements for tests, from and to plain numbers.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "executor/oracle.hpp"
#include "recipes/number_format.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {

inline Operator operator_of(const std::string& text) {
  return parse_operator_text(text, "test.yaml").at(0).op;
}

inline std::vector<std::byte> stored(DType type, const std::vector<double>& values) {
  std::vector<std::byte> bytes(values.size() * size_bytes(type));
  encode(type, values, bytes);
  return bytes;
}

inline std::vector<double> values_of(const std::vector<Approximate>& approximate) {
  std::vector<double> values;
  for (const Approximate& x : approximate) values.push_back(x.value);
  return values;
}

// The operator's first output for inputs given as numbers.
inline std::vector<Approximate> evaluate(const Operator& op,
                                         const std::vector<std::vector<double>>& inputs) {
  std::vector<std::vector<std::byte>> buffers;
  const std::vector<int> slots = op.inputs();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    buffers.push_back(stored(op.tensors[static_cast<std::size_t>(slots[i])].type, inputs[i]));
  }
  const std::vector<std::span<const std::byte>> spans(buffers.begin(), buffers.end());
  return Oracle(op, spans).evaluate(op.outputs().at(0));
}

}  // namespace perftune
