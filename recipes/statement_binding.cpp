#include "recipes/statement_binding.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "recipes/axis_inference.hpp"
#include "recipes/index_arithmetic.hpp"
#include "recipes/stable_order.hpp"
#include "recipes/value_binding.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

// The left-hand side must reach each element exactly once: in every dimension its terms form a
// mixed-radix number (smallest coefficient 1, each next one the product of the extents before).
void check_coverage(const Syntax& subscript, const Index& index, const std::vector<Axis>& axes,
                    std::optional<std::int64_t>& extent) {
  std::vector<std::pair<std::int64_t, std::int64_t>> digits;  // coefficient, extent
  for (const Index::Term& term : index.terms)
    digits.emplace_back(term.coefficient, axes[static_cast<std::size_t>(term.axis)].extent);
  sort_stably(digits.begin(), digits.end(), std::less<>());
  std::int64_t reached = 1;
  bool once = index.offset == 0;
  for (const auto& [coefficient, count] : digits) {
    once = once && (coefficient == reached || count == 1);
    const auto product = checked_multiply(reached, count);
    if (!product) reject(subscript.offset, "the index is too large");
    reached = *product;
  }
  if (!once)
    reject(subscript.offset, "the subscript does not reach every element exactly once",
           "assign through plain indices, or digits such as i*4 + j with j below 4");
  if (!extent) extent = reached;
  if (*extent != reached)
    reject(
        subscript.offset,
        words("the index runs over {} elements but the dimension has {}", reached, *extent),
        "every element of the output must be assigned");
}

}  // namespace

Statement bind_statement(const SyntaxStatement& text, const StatementContext& context) {
  const Syntax& left = text.left;
  const auto found = std::find_if(context.tensors.begin(), context.tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.name == left.text; });
  const auto output = static_cast<std::size_t>(found - context.tensors.begin());
  Tensor& tensor = *found;
  const std::size_t rank = left.kind == Syntax::Kind::subscript ? left.children.size() : 0;
  if (tensor.role == Tensor::Role::input)
    reject(left.offset, words("the input '{}' cannot be assigned", tensor.name));
  if (context.assigned[output])
    reject(left.offset, words("'{}' is assigned twice", tensor.name),
           "one statement assigns a whole tensor");
  if (context.shaped[output] && rank != tensor.shape.size())
    reject(left.offset,
           words("'{}' has {} dimensions but {} subscripts", tensor.name,
                       tensor.shape.size(), rank));

  AxisInference inference(text, context);
  Statement statement;
  statement.output = static_cast<int>(output);
  statement.axes = inference.spatial_axes();

  ValueBinding values(context, inference, statement.axes);
  for (const Syntax& subscript : left.children)
    statement.indices.push_back(values.index(subscript));
  if (!context.shaped[output]) tensor.shape.assign(rank, 0);
  std::int64_t elements = 1;
  for (std::size_t d = 0; d < rank; ++d) {
    std::optional<std::int64_t> extent;
    if (context.shaped[output]) extent = tensor.shape[d];
    check_coverage(left.children[d], statement.indices[d], statement.axes, extent);
    tensor.shape[d] = *extent;
    const auto product = checked_multiply(elements, *extent);
    if (!product || *product >= std::int64_t{1} << 62)
      reject(left.offset, words("'{}' has 2^62 elements or more", tensor.name));
    elements = *product;
  }
  context.shaped[output] = true;
  statement.value = values.value(text.right);
  context.assigned[output] = true;

  std::int64_t points = 1;
  for (const Axis& axis : statement.axes) {
    const auto product = checked_multiply(points, axis.extent);
    if (!product || *product >= std::int64_t{1} << 62)
      reject(left.offset, "the statement has 2^62 points or more",
             "use smaller dimensions");
    points = *product;
  }
  return statement;
}

}  // namespace perftune
