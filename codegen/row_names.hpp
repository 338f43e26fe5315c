// Numbers for the leaves of a RowForm, as printed texts name them: e0, e1, ... (scalar_printer.hpp).
//
// Reads come first, then constants, reductions, row values, elements, row axes, column axes; both
// targets use the same numbers. Pure.
#pragma once

#include <string>
#include <vector>

#include "codegen/row.hpp"

namespace perftune {

class RowNames {
 public:
  explicit RowNames(const RowForm& form);

  int number(RowLeaf leaf) const;
  std::string name(RowLeaf leaf) const { return "e" + std::to_string(number(leaf)); }
  std::string print(const ExprPtr& expr) const;  // over those names

 private:
  std::vector<ExprPtr> leaves_;
};

// One step of what a pass does at a column, in order: a read, an element, a term or an output.
struct RowAction {
  enum class Kind : std::uint8_t { read, axis, row_leaf, recall, compute, keep, accumulate, store };
  Kind kind;
  RowLeaf leaf;      // all but accumulate and store
  int index = 0;     // recall, keep: slot; accumulate: reduction; store: output
};

// Everything that pass `pass` does at one column; `kept` elements are recalled after the pass that
// computes them. Row leaves that the pass uses come first.
std::vector<RowAction> actions_of_pass(const RowForm& form, int pass, const std::vector<int>& kept);

// Leaves that a row-level expression needs and that are had before any pass.
std::vector<RowLeaf> row_start_leaves(const RowForm& form);

// Positions of row values and reductions that are finished by the end of pass `pass`, in the order
// of computation (-1: at the start).
std::vector<RowLeaf> finished_after(const RowForm& form, int pass);

}  // namespace perftune
