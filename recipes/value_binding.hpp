// Binds subscripts and values of one statement; see statement_binding.hpp for the rules.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "recipes/axis_inference.hpp"
#include "recipes/statement_binding.hpp"

namespace perftune {

class ValueBinding {
 public:
  // `axes` starts with the spatial axes; reductions append theirs.
  ValueBinding(const StatementContext& context, const AxisInference& inference,
               std::vector<Axis>& axes);

  Index index(const Syntax& node);
  ExprPtr value(const Syntax& node);

 private:
  int axis_in_scope(std::string_view name) const;  // -1: none
  int tensor_of(const Syntax& node);
  Index load(const Syntax& node);
  Index product(const Syntax& node);
  Index quotient(const Syntax& node);
  std::vector<Index> subscripts(const Syntax& node, int tensor);
  void check_bounds(const Syntax& node, const Index& index, const Tensor& tensor,
                    std::size_t dimension);
  ExprPtr word(const Syntax& node);
  ExprPtr call(const Syntax& node);
  ExprPtr apply(const Syntax& node, Function function);
  ExprPtr reduce(const Syntax& node);
  [[noreturn]] void unknown(const Syntax& node, std::string_view what) const;

  const StatementContext& context_;
  const AxisInference& inference_;
  std::vector<Axis>& axes_;
  std::vector<int> scope_;  // axes whose names are bound here
  bool inside_load_ = false;
};

}  // namespace perftune
