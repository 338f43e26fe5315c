// What an operator has to do, counted from its expression.
//
// FLOPs: every arithmetic operation and function counts 1 per point of its iteration domain;
// comparisons, select and casts count nothing; a reduction counts one combination per element.
// So a multiply-add is 2, and a matmul 2*m*n*k.
//
// Compulsory bytes: every element of every input and output once; of an input that is read at
// fewer places than it has elements (a gather, a strided slice) only as many.
#include <algorithm>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {
namespace {

double points(const std::vector<Axis>& axes, const std::vector<bool>& in) {
  double product = 1;
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (in[i]) product *= static_cast<double>(axes[i].extent);
  return product;
}

bool is_arithmetic(Function function) {
  switch (function) {
    case Function::select:
    case Function::cast:
    case Function::less:
    case Function::less_equal:
    case Function::greater:
    case Function::greater_equal:
    case Function::equal:
    case Function::not_equal:
      return false;
    default:
      return true;
  }
}

double flops_of(const Expr& expr, const std::vector<Axis>& axes, std::vector<bool>& domain) {
  double total = 0;
  if (expr.kind == Expr::Kind::apply && is_arithmetic(expr.function)) total += points(axes, domain);
  if (expr.kind == Expr::Kind::reduce) {
    for (const int axis : expr.axes) domain[static_cast<std::size_t>(axis)] = true;
    total += points(axes, domain);
  }
  for (const ExprPtr& arg : expr.args) total += flops_of(*arg, axes, domain);
  if (expr.kind == Expr::Kind::reduce)
    for (const int axis : expr.axes) domain[static_cast<std::size_t>(axis)] = false;
  return total;
}

// Adds to `reads` the number of places where each tensor is read.
void count_reads(const std::vector<Index>& indices, int tensor, const std::vector<Axis>& axes,
                 std::vector<double>& reads);

void mark_axes(const Index& index, const std::vector<Axis>& axes, std::vector<bool>& used,
               std::vector<double>& reads) {
  for (const Index::Term& term : index.terms) {
    if (term.atom == Index::Atom::axis) used[static_cast<std::size_t>(term.axis)] = true;
    for (const Index& operand : term.operands) mark_axes(operand, axes, used, reads);
    if (term.atom == Index::Atom::load) count_reads(term.operands, term.tensor, axes, reads);
  }
}

void count_reads(const std::vector<Index>& indices, int tensor, const std::vector<Axis>& axes,
                 std::vector<double>& reads) {
  std::vector<bool> used(axes.size(), false);
  for (const Index& index : indices) mark_axes(index, axes, used, reads);
  reads[static_cast<std::size_t>(tensor)] += points(axes, used);
}

void count_reads(const Expr& expr, const std::vector<Axis>& axes, std::vector<double>& reads) {
  if (expr.kind == Expr::Kind::read) count_reads(expr.indices, expr.tensor, axes, reads);
  for (const ExprPtr& arg : expr.args) count_reads(*arg, axes, reads);
}

}  // namespace

double Operator::flops() const {
  double total = 0;
  for (const Statement& statement : statements) {
    std::vector<bool> domain(statement.axes.size());
    for (std::size_t i = 0; i < domain.size(); ++i) domain[i] = !statement.axes[i].reduction;
    total += flops_of(*statement.value, statement.axes, domain);
  }
  return total;
}

double Operator::compulsory_bytes() const {
  std::vector<double> reads(tensors.size(), 0.0);
  for (const Statement& statement : statements)
    count_reads(*statement.value, statement.axes, reads);
  double total = 0;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const Tensor& tensor = tensors[t];
    const auto elements = static_cast<double>(tensor.elements());
    const auto size = static_cast<double>(size_bytes(tensor.type));
    if (tensor.role == Tensor::Role::input) total += std::min(elements, reads[t]) * size;
    if (tensor.role == Tensor::Role::output) total += elements * size;
  }
  return total;
}

}  // namespace perftune
