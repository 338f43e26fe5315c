#include "recipes/value_binding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "recipes/functions.hpp"
#include "recipes/index_arithmetic.hpp"
#include "recipes/strict_yaml.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

bool mentions(const Index& index, int axis);

bool mentions(const std::vector<Index>& indices, int axis) {
  return std::any_of(indices.begin(), indices.end(),
                     [axis](const Index& index) { return mentions(index, axis); });
}

bool mentions(const Index& index, int axis) {
  return std::any_of(index.terms.begin(), index.terms.end(), [axis](const Index::Term& term) {
    return term.atom == Index::Atom::axis ? term.axis == axis : mentions(term.operands, axis);
  });
}

bool mentions(const Expr& expr, int axis) {
  if (expr.kind == Expr::Kind::axis && expr.axis == axis) return true;
  if (mentions(expr.indices, axis)) return true;
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [axis](const ExprPtr& arg) { return mentions(*arg, axis); });
}

}  // namespace

ValueBinding::ValueBinding(const StatementContext& context, const AxisInference& inference,
                           std::vector<Axis>& axes)
    : context_(context), inference_(inference), axes_(axes) {
  for (std::size_t i = 0; i < axes.size(); ++i) scope_.push_back(static_cast<int>(i));
}

int ValueBinding::axis_in_scope(std::string_view name) const {
  for (const int axis : scope_)
    if (axes_[static_cast<std::size_t>(axis)].name == name) return axis;
  return -1;
}

void ValueBinding::unknown(const Syntax& node, std::string_view what) const {
  std::vector<std::string_view> known;
  for (const int axis : scope_) known.push_back(axes_[static_cast<std::size_t>(axis)].name);
  for (const auto& dim : context_.dims) known.push_back(dim.first);
  for (const Tensor& tensor : context_.tensors) known.push_back(tensor.name);
  for (const FunctionEntry& entry : called_functions()) known.push_back(entry.name);
  const std::string near = nearest_name(node.text, known);
  reject(node.offset, words("unknown {} '{}'", what, node.text),
         near.empty() ? "" : words("did you mean '{}'?", near));
}

int ValueBinding::tensor_of(const Syntax& node) {
  for (std::size_t t = 0; t < context_.tensors.size(); ++t) {
    const Tensor& tensor = context_.tensors[t];
    if (tensor.name != node.text) continue;
    if (tensor.role != Tensor::Role::input && !context_.assigned[t])
      reject(node.offset, words("'{}' is read before it is assigned", node.text),
             "statements run in file order and cannot form a cycle");
    const std::size_t rank = node.kind == Syntax::Kind::subscript ? node.children.size() : 0;
    if (rank != tensor.shape.size())
      reject(node.offset,
             words("'{}' has {} dimensions but {} subscripts", node.text,
                         tensor.shape.size(), rank));
    context_.read[t] = true;
    return static_cast<int>(t);
  }
  unknown(node, "tensor");
}

// ---- subscripts

Index ValueBinding::index(const Syntax& node) {
  switch (node.kind) {
    case Syntax::Kind::number:
      if (!node.integer) reject(node.offset, "a subscript must be an integer");
      return {node.whole, {}};
    case Syntax::Kind::word: {
      Index result;
      if (const int axis = axis_in_scope(node.text); axis >= 0) {
        result.terms.emplace_back();
        result.terms.back().axis = axis;
        return result;
      }
      const auto dim = context_.dims.find(node.text);
      if (dim == context_.dims.end()) unknown(node, "index");
      result.offset = dim->second;
      return result;
    }
    case Syntax::Kind::subscript:
      return load(node);
    case Syntax::Kind::modulo:
      return quotient(node);
    case Syntax::Kind::apply:
      break;
    default:
      reject(node.offset, words("'{}' cannot stand in a subscript", node.text),
             "use + - * / % over indices and dimensions");
  }
  const auto checked = [&](std::optional<Index> result) {
    if (!result) reject(node.offset, "the subscript does not fit 63 bits");
    return std::move(*result);
  };
  switch (node.function) {
    case Function::add:
      return checked(add(index(node.children[0]), index(node.children[1])));
    case Function::subtract:
      return checked(add(index(node.children[0]), checked(scale(index(node.children[1]), -1))));
    case Function::negate:
      return checked(scale(index(node.children[0]), -1));
    case Function::multiply:
      return product(node);
    case Function::divide:
      return quotient(node);
    default:
      reject(node.offset, words("'{}' cannot stand in a subscript", node.text),
             "use + - * / % over indices and dimensions");
  }
}

Index ValueBinding::product(const Syntax& node) {
  Index a = index(node.children[0]);
  Index b = index(node.children[1]);
  if (is_constant(a)) std::swap(a, b);
  if (!is_constant(b))
    reject(node.offset, "a subscript cannot multiply two indices",
           "one factor must be constant");
  auto result = scale(std::move(a), b.offset);
  if (!result) reject(node.offset, "the subscript does not fit 63 bits");
  return std::move(*result);
}

Index ValueBinding::quotient(const Syntax& node) {
  const Index dividend = index(node.children[0]);
  const Index divisor = index(node.children[1]);
  if (!is_constant(divisor) || divisor.offset <= 0)
    reject(node.children[1].offset,
           words("'{}' in a subscript needs a positive constant", node.text));
  // What stays below the divisor is its own remainder and has no quotient.
  const auto range = interval(dividend, axes_);
  const bool below = range && range->known && range->low >= 0 && range->high < divisor.offset;
  if (node.kind == Syntax::Kind::modulo) return below ? dividend : modulo(dividend, divisor.offset);
  return below ? Index{} : divide(dividend, divisor.offset);
}

Index ValueBinding::load(const Syntax& node) {
  if (inside_load_)
    reject(node.offset, "a second level of indirection",
           "one level is allowed: T[idx[i], j]");
  const int tensor = tensor_of(node);
  const DType type = context_.tensors[static_cast<std::size_t>(tensor)].type;
  if (is_floating(type))
    reject(node.offset, words("'{}' holds {}", node.text, name(type)),
           "a tensor used as a subscript holds i32, i8 or u8");
  inside_load_ = true;
  Index result;
  result.terms.emplace_back();
  result.terms.back().atom = Index::Atom::load;
  result.terms.back().tensor = tensor;
  result.terms.back().operands = subscripts(node, tensor);
  inside_load_ = false;
  return result;
}

std::vector<Index> ValueBinding::subscripts(const Syntax& node, int tensor) {
  const Tensor& target = context_.tensors[static_cast<std::size_t>(tensor)];
  std::vector<Index> result;
  result.reserve(node.children.size());
  for (std::size_t d = 0; d < node.children.size(); ++d) {
    const Syntax& child = node.children[d];
    if (child.kind == Syntax::Kind::word && axis_in_scope(child.text) < 0 &&
        context_.dims.count(child.text) != 0)
      reject(
          child.offset, words("'{}' is not an index here", child.text),
          words("put it on the left side or reduce over it: sum[{}](...)", child.text));
    result.push_back(index(child));
    check_bounds(child, result.back(), target, d);
  }
  return result;
}

void ValueBinding::check_bounds(const Syntax& node, const Index& index, const Tensor& tensor,
                                std::size_t dimension) {
  const auto range = interval(index, axes_);
  if (!range || range->low < -(std::int64_t{1} << 62) || range->high > std::int64_t{1} << 62)
    reject(node.offset, "the subscript does not fit 63 bits");
  const std::int64_t extent = tensor.shape[dimension];
  if (range->known && range->low >= 0 && range->high < extent) return;
  context_.padded[static_cast<std::size_t>(&tensor - context_.tensors.data())] = true;
  if (tensor.pad || !range->known) return;
  reject(
      node.offset,
      words(
          "'{}' is read outside: the subscript runs from {} to {}, the dimension from 0 to {}",
          tensor.name, range->low, range->high, extent - 1),
      words("declare what lies outside, pad: {{{}: 0}}, or change the extents", tensor.name));
}

// ---- values

ExprPtr ValueBinding::value(const Syntax& node) {
  switch (node.kind) {
    case Syntax::Kind::number:
      return make_constant(node.value);
    case Syntax::Kind::word:
      return word(node);
    case Syntax::Kind::subscript: {
      const int tensor = tensor_of(node);
      return make_read(tensor, subscripts(node, tensor));
    }
    case Syntax::Kind::call:
      return call(node);
    case Syntax::Kind::apply:
      return apply(node, node.function);
    case Syntax::Kind::reduce:
      return reduce(node);
    case Syntax::Kind::modulo:
      break;
  }
  reject(node.offset, "'%' belongs into subscripts", "it is not a function of values");
}

ExprPtr ValueBinding::word(const Syntax& node) {
  if (const int axis = axis_in_scope(node.text); axis >= 0) {
    auto expr = std::make_shared<Expr>();
    expr->kind = Expr::Kind::axis;
    expr->axis = axis;
    return expr;
  }
  if (node.text == "inf") return make_constant(std::numeric_limits<double>::infinity());
  if (const auto dim = context_.dims.find(node.text); dim != context_.dims.end()) {
    auto expr = std::make_shared<Expr>();
    expr->value = static_cast<double>(dim->second);
    expr->from_dims = true;
    return expr;
  }
  const bool known = std::any_of(context_.tensors.begin(), context_.tensors.end(),
                                 [&](const Tensor& tensor) { return tensor.name == node.text; });
  if (!known) unknown(node, "name");
  return make_read(tensor_of(node), {});
}

ExprPtr ValueBinding::call(const Syntax& node) {
  const bool is_cast = node.text == "cast";
  const FunctionEntry* entry = find_function(node.text);
  if (entry == nullptr && !is_cast) unknown(node, "function");
  const std::size_t wanted = is_cast ? 2 : static_cast<std::size_t>(entry->arguments);
  if (node.children.size() != wanted)
    reject(node.offset,
           words("'{}' takes {} argument{}, not {}", node.text, wanted,
                       wanted == 1 ? "" : "s", node.children.size()));
  if (!is_cast) return apply(node, entry->function);
  const Syntax& target = node.children[1];
  const auto type = target.kind == Syntax::Kind::word ? parse_dtype(target.text) : std::nullopt;
  if (!type)
    reject(target.offset, "the second argument of cast is a type", "cast(x, f16)");
  auto expr = std::make_shared<Expr>();
  expr->kind = Expr::Kind::apply;
  expr->function = Function::cast;
  expr->type = *type;
  expr->args = {value(node.children[0])};
  return expr;
}

// Constants are folded, so that 1 / sqrt(d) costs nothing; infinities are values, NaN is not.
ExprPtr ValueBinding::apply(const Syntax& node, Function function) {
  std::vector<ExprPtr> args;
  args.reserve(node.children.size());
  bool constant = true;
  bool from_dims = false;
  for (const Syntax& child : node.children) {
    args.push_back(value(child));
    constant = constant && args.back()->kind == Expr::Kind::constant;
    from_dims = from_dims || args.back()->from_dims;
  }
  if (!constant) return make_apply(function, std::move(args));
  std::vector<double> numbers;
  for (const ExprPtr& arg : args) numbers.push_back(arg->value);
  auto folded = std::make_shared<Expr>();
  folded->value = evaluate(function, numbers);
  folded->from_dims = from_dims;
  if (std::isnan(folded->value) || (function == Function::divide && numbers[1] == 0))
    reject(node.offset, "the constant expression has no value");
  return folded;
}

ExprPtr ValueBinding::reduce(const Syntax& node) {
  auto expr = std::make_shared<Expr>();
  expr->kind = Expr::Kind::reduce;
  expr->reduction = node.reduction;
  const std::size_t outer = scope_.size();
  for (const Syntax::Name& axis : node.names) {
    if (is_reserved_word(axis.text))
      reject(axis.offset, words("'{}' is a function, not an index", axis.text));
    if (axis_in_scope(axis.text) >= 0)
      reject(axis.offset, words("'{}' is already an index here", axis.text),
             "reduce over another name");
    const std::int64_t extent = inference_.extent(axis.text, axis.offset);
    expr->axes.push_back(static_cast<int>(axes_.size()));
    scope_.push_back(static_cast<int>(axes_.size()));
    axes_.push_back({axis.text, extent, true});
  }
  expr->args = {value(node.children[0])};
  scope_.resize(outer);
  for (std::size_t i = 0; i < node.names.size(); ++i)
    if (!mentions(*expr->args[0], expr->axes[i]))
      reject(node.names[i].offset,
             words("a {} over nothing: its value does not depend on '{}'",
                         node.text, node.names[i].text),
             "index something with it");
  return expr;
}

}  // namespace perftune
