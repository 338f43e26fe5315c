// The canonical form of the reduction and row families: programs that go over the columns of each
// row, once or several times, and keep a few values per row.
//
//   pass 0      r0[m] = max_n(x[m,n])                  reductions over the columns n of every row m
//   pass 1      r1[m] = sum_n(exp(x[m,n] - r0[m]))     that may use what earlier passes found
//   last pass   y[m,n] = exp(x[m,n] - r0[m]) / r1[m]   values per column, and values per row
//
// Rows and columns are found from structure, not from names: columns are the axes that reductions
// bind, rows those that their results are indexed by. All statements are expanded into each other;
// intermediates that have columns stay elements, so that a kernel can keep them between passes.
// Softmax, layer norm and cross entropy need several passes or store columns: the row family. What
// needs one pass and stores rows only is the reduction family: sums over any axes, pooling,
// depthwise convolution.
//
// Axes are merged where that is structural, as in contraction.hpp, whose Access is used here too:
// its Group::m holds the rows, Group::k the columns; batch and n are empty.
// Pure functions of the operator.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/contraction.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// What an expression of the form refers to instead of tensors and axes: a read with a negative
// tensor number, so that scalar_printer takes it for an operand.
struct RowLeaf {
  enum class Kind : std::uint8_t {
    read,         // RowForm::reads
    constant,     // RowForm::constants
    reduction,    // the finished RowForm::reductions
    row_value,    // RowForm::row_values
    element,      // RowForm::elements, at the column
    row_axis,     // position along merged row axis
    column_axis,  // position along merged column axis
  };
  Kind kind = Kind::read;
  int index = 0;
};
ExprPtr make_leaf(RowLeaf leaf);
std::optional<RowLeaf> leaf_of(const ExprPtr& expr);

// An element's address: the affine part, and for each index tensor its value times a stride.
struct RowAccess {
  Access at;
  struct Load {
    std::int64_t stride = 0;
    Access at;
  };
  std::vector<Load> loads;

  bool indexed_by(Group group) const;
};

struct RowForm {
  std::array<std::vector<GroupAxis>, 4> groups;  // by Group; rows in m, columns in k
  DType value = DType::f32;                      // arithmetic: f32, f64 or i32
  std::vector<RowAccess> reads;                  // distinct
  std::vector<double> constants;                 // those that change with the dimensions

  // Levels count finished passes: a value of level p can be had in pass p.
  struct Reduced {
    Reduction op = Reduction::sum;
    ExprPtr term;
    int level = 0;  // the pass that accumulates it; its result has level + 1
  };
  struct Value {
    ExprPtr value;
    int level = 0;
  };
  struct Output {
    Access at;
    ExprPtr value;
    int level = 0;
    bool by_columns = false;  // stored in pass `level`; else after the last pass
  };
  std::vector<Reduced> reductions;
  std::vector<Value> row_values;  // parts of expressions that no column enters, computed per row
  std::vector<Value> elements;    // intermediates per column
  std::vector<Output> outputs;

  const std::vector<GroupAxis>& rows() const { return groups[static_cast<std::size_t>(Group::m)]; }
  const std::vector<GroupAxis>& columns() const { return groups[static_cast<std::size_t>(Group::k)]; }
  std::int64_t row_count() const;
  std::int64_t column_count() const;
  int passes() const;

  // One pass and no value per column: the reduction family; everything else is the row family.
  bool is_reduction() const;
  // Level of an expression over leaves.
  int level_of(const ExprPtr& expr) const;
  bool by_columns(const ExprPtr& expr) const;
  // Leaves of `expr`, those behind elements included when `through_elements`.
  void collect_leaves(const ExprPtr& expr, bool through_elements, std::vector<RowLeaf>& into) const;
  // An axis' own number enters a value in f32 and grows beyond the whole numbers that f32 holds.
  bool inexact_axis_numbers() const;
  // Elements that more than one pass uses: worth keeping.
  std::vector<int> reused_elements() const;
  // Reads (columns enter them) that more than one pass uses, when `kept` elements are not
  // computed again.
  std::vector<int> reused_reads(const std::vector<int>& kept) const;
};

struct RowCanonicalised {
  std::optional<RowForm> form;
  std::string why_not;  // names the statement
};
RowCanonicalised canonicalise_rows(const Operator& op);
// The form of what has one: aborts otherwise.
RowForm require_rows(const Operator& op);

}  // namespace perftune
