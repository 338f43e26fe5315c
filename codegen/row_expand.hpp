// Expands the statements of an operator into each other over common row and column axes: the first
// half of canonicalise_rows (row.hpp). Axes are not merged yet, and reads still name tensors.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/row.hpp"

namespace perftune {

struct ExpandedRows {
  Statement domain;      // canonical axes: rows first, then columns; no value
  int rows = 0;          // how many of them are rows
  RowForm form;          // expressions, levels; axes and accesses still to be filled in
  std::vector<ExprPtr> reads;                       // by RowLeaf read index, over canonical axes
  std::vector<std::vector<Index>> output_indices;   // by output
  std::vector<int> output_tensors;
  std::vector<int> valued_axes;                     // canonical axes whose number enters a value
};

// On failure `why_not` says why, naming the statement.
std::optional<ExpandedRows> expand_rows(const Operator& op, std::string& why_not);

}  // namespace perftune
