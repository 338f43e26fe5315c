#include "codegen/row_names.hpp"

#include <cstdlib>

#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

using Kind = RowLeaf::Kind;

bool same_leaf(RowLeaf a, RowLeaf b) { return a.kind == b.kind && a.index == b.index; }

}  // namespace

RowNames::RowNames(const RowForm& form) {
  const auto add = [&](Kind kind, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) leaves_.push_back(make_leaf({kind, static_cast<int>(i)}));
  };
  add(Kind::read, form.reads.size());
  add(Kind::constant, form.constants.size());
  add(Kind::reduction, form.reductions.size());
  add(Kind::row_value, form.row_values.size());
  add(Kind::element, form.elements.size());
  add(Kind::row_axis, form.rows().size());
  add(Kind::column_axis, form.columns().size());
}

int RowNames::number(RowLeaf leaf) const {
  for (std::size_t i = 0; i < leaves_.size(); ++i)
    if (same_leaf(*leaf_of(leaves_[i]), leaf)) return static_cast<int>(i);
  std::abort();
}

std::string RowNames::print(const ExprPtr& expr) const { return print_scalar(expr, leaves_); }

}  // namespace perftune
