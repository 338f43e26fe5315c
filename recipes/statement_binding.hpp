// Binds one statement: names to axes, dimensions and tensors; subscripts to Index; values to Expr.
//
// Axis rule: an index that is named like a dimension has its extent; any other gets the extent of
// the tensor dimensions where it stands alone as a subscript, which must agree. Reads that can
// leave their tensor are errors unless the tensor has a pad value.
// Throws SyntaxError with the offset in the statement's text.
#pragma once

#include <vector>

#include "recipes/operator.hpp"
#include "recipes/syntax.hpp"

namespace perftune {

struct StatementContext {
  const Dims& dims;              // base, derived, constants
  std::vector<Tensor>& tensors;  // an intermediate without a shape gets one from its statement
  std::vector<bool>& assigned;   // by tensor: a statement so far assigned it
  std::vector<bool>& read;       // by tensor: somebody read it
  std::vector<bool>& shaped;     // by tensor: its shape is known
  std::vector<bool>& padded;     // by tensor: some read may leave it
};

Statement bind_statement(const SyntaxStatement& text, const StatementContext& context);

}  // namespace perftune
