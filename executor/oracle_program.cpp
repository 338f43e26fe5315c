#include "executor/oracle_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "executor/partial_reduction.hpp"
#include "recipes/number_format.hpp"

namespace perftune {

struct OracleProgram::Node {
  Expr expr;
  std::vector<std::unique_ptr<Node>> args;
  RowBuffer row;
  bool affine = false;  // read: all subscripts
  double terms = 1;     // reduce: points of its domain
  int longest = -1;     // reduce: its axis with most points
};

namespace {

using Point = std::vector<std::int64_t>;

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

// Steps `point` along `axes` in row-major order; false after the last point.
bool advance(Point& point, const std::vector<int>& axes, const std::vector<Axis>& all) {
  for (auto it = axes.rbegin(); it != axes.rend(); ++it) {
    auto& position = point[static_cast<std::size_t>(*it)];
    if (++position < all[static_cast<std::size_t>(*it)].extent) return true;
    position = 0;
  }
  return false;
}

void fill_errors(RowBuffer& row, std::size_t count) {
  if (!row.exact) return;
  std::fill_n(row.error.begin(), count, 0.0);
  row.exact = false;
}

}  // namespace

OracleProgram::OracleProgram(const Operator& op, const Statement& statement,
                             const RoundingModel& model, TensorReader& reader)
    : op_(op), statement_(statement), model_(model), reader_(reader) {
  for (const Tensor& tensor : op.tensors) strides_.push_back(tensor.strides());
  root_ = prepare(statement.value);
}

OracleProgram::~OracleProgram() = default;

std::unique_ptr<OracleProgram::Node> OracleProgram::prepare(const ExprPtr& expr) {
  auto node = std::make_unique<Node>();
  node->expr = *expr;
  node->row.value.resize(row_points);
  node->row.error.resize(row_points);
  for (const ExprPtr& arg : expr->args) node->args.push_back(prepare(arg));
  node->affine = std::all_of(expr->indices.begin(), expr->indices.end(),
                             [](const Index& index) { return index.affine(); });
  std::int64_t most = 0;
  for (const int axis : expr->axes) {
    const std::int64_t extent = statement_.axes[static_cast<std::size_t>(axis)].extent;
    node->terms *= static_cast<double>(extent);
    if (extent > most) {
      most = extent;
      node->longest = axis;
    }
  }
  return node;
}

const RowBuffer& OracleProgram::evaluate(Point& point, int axis, std::int64_t count) {
  run(*root_, point, axis, count);
  fill_errors(root_->row, static_cast<std::size_t>(count));
  return root_->row;
}

std::int64_t OracleProgram::output_position(const Point& point) const {
  std::int64_t position = 0;
  for (std::size_t d = 0; d < statement_.indices.size(); ++d) {
    const Index& index = statement_.indices[d];
    std::int64_t value = index.offset;
    for (const Index::Term& term : index.terms) {
      value += term.coefficient * point[static_cast<std::size_t>(term.axis)];
    }
    position += checked(statement_.output, d, value) *
                strides_[static_cast<std::size_t>(statement_.output)][d];
  }
  return position;
}

std::int64_t OracleProgram::checked(int tensor, std::size_t dimension, std::int64_t value) const {
  const Tensor& t = op_.tensors[static_cast<std::size_t>(tensor)];
  if (value < 0 || value >= t.shape[dimension]) {
    throw Error::at(statement_.where,
                    fmt::format("index {} is outside dimension {} of {}, whose extent is {}", value,
                                dimension + 1, t.name, t.shape[dimension]));
  }
  return value;
}

void OracleProgram::run(Node& node, Point& point, int axis, std::int64_t count) {
  const auto n = static_cast<std::size_t>(count);
  switch (node.expr.kind) {
    case Expr::Kind::constant:
      std::fill_n(node.row.value.begin(), n, node.expr.value);
      // A literal is rounded to the type that scalars are computed in.
      node.row.exact = model_.unit < 0x1p-24 || !std::isfinite(node.expr.value) ||
                       round_to(DType::f32, node.expr.value) == node.expr.value;
      if (!node.row.exact) std::fill_n(node.row.error.begin(), n, model_.unit * std::abs(node.expr.value));
      return;
    case Expr::Kind::axis: {
      const std::int64_t step = node.expr.axis == axis ? 1 : 0;
      const std::int64_t first = point[static_cast<std::size_t>(node.expr.axis)];
      for (std::int64_t i = 0; i < count; ++i) {
        node.row.value[static_cast<std::size_t>(i)] = static_cast<double>(first + step * i);
      }
      node.row.exact = true;
      return;
    }
    case Expr::Kind::read:
      return run_read(node, point, axis, count);
    case Expr::Kind::apply:
      return run_apply(node, point, axis, count);
    case Expr::Kind::reduce:
      return run_reduce(node, point, axis, count);
    case Expr::Kind::accumulator:
      break;  // never in operators
  }
  std::abort();
}

void OracleProgram::run_read(Node& node, Point& point, int axis, std::int64_t count) {
  if (!node.affine) return run_scattered_read(node, point, axis, count);
  const Tensor& tensor = op_.tensors[static_cast<std::size_t>(node.expr.tensor)];
  const auto& strides = strides_[static_cast<std::size_t>(node.expr.tensor)];
  std::int64_t first = 0;
  std::int64_t step = 0;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    std::int64_t start = node.expr.indices[d].offset;
    std::int64_t along = 0;
    for (const Index::Term& term : node.expr.indices[d].terms) {
      start += term.coefficient * point[static_cast<std::size_t>(term.axis)];
      if (term.axis == axis) along += term.coefficient;
    }
    const std::int64_t end = start + along * (count - 1);
    if (std::min(start, end) < 0 || std::max(start, end) >= tensor.shape[d]) {
      return run_scattered_read(node, point, axis, count);
    }
    first += start * strides[d];
    step += along * strides[d];
  }
  const auto n = static_cast<std::size_t>(count);
  node.row.exact = !reader_.read(node.expr.tensor, first, step, {node.row.value.data(), n},
                                 {node.row.error.data(), n});
}

// Element by element: padded, divided or indirect subscripts.
void OracleProgram::run_scattered_read(Node& node, const Point& at, int axis, std::int64_t count) {
  const Tensor& tensor = op_.tensors[static_cast<std::size_t>(node.expr.tensor)];
  const auto& strides = strides_[static_cast<std::size_t>(node.expr.tensor)];
  Point point = at;
  node.row.exact = true;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto element = static_cast<std::size_t>(i);
    std::int64_t position = 0;
    bool inside = true;
    for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
      std::int64_t value = index_value(node.expr.indices[d], point);
      const bool fits = value >= 0 && value < tensor.shape[d];
      if (!fits && !tensor.pad) checked(node.expr.tensor, d, value);  // throws
      inside = inside && fits;
      position += value * strides[d];
    }
    double value = tensor.pad.value_or(0);
    double error = 0;
    if (inside && reader_.read(node.expr.tensor, position, 0, {&value, 1}, {&error, 1})) {
      fill_errors(node.row, element);
    } else {
      error = 0;
    }
    node.row.value[element] = value;
    if (!node.row.exact) node.row.error[element] = error;
    ++point[static_cast<std::size_t>(axis)];
  }
}

std::int64_t OracleProgram::index_value(const Index& index, const Point& point) {
  std::int64_t value = index.offset;
  for (const Index::Term& term : index.terms) {
    std::int64_t atom = 0;
    switch (term.atom) {
      case Index::Atom::axis:
        atom = point[static_cast<std::size_t>(term.axis)];
        break;
      case Index::Atom::divide:
        atom = floor_divide(index_value(term.operands[0], point), term.divisor);
        break;
      case Index::Atom::modulo: {
        const std::int64_t of = index_value(term.operands[0], point);
        atom = of - floor_divide(of, term.divisor) * term.divisor;
        break;
      }
      case Index::Atom::load: {
        std::int64_t position = 0;
        for (std::size_t d = 0; d < term.operands.size(); ++d) {
          position += checked(term.tensor, d, index_value(term.operands[d], point)) *
                      strides_[static_cast<std::size_t>(term.tensor)][d];
        }
        double loaded = 0;
        double error = 0;
        reader_.read(term.tensor, position, 0, {&loaded, 1}, {&error, 1});
        atom = std::llround(loaded);
        break;
      }
    }
    value += term.coefficient * atom;
  }
  return value;
}

void OracleProgram::run_apply(Node& node, Point& point, int axis, std::int64_t count) {
  for (auto& arg : node.args) run(*arg, point, axis, count);
  const auto n = static_cast<std::size_t>(count);
  RowBuffer& out = node.row;
  out.exact = false;
  // A product of two exact rows is what contractions spend their time in.
  if (node.expr.function == Function::multiply && node.args[0]->row.exact &&
      node.args[1]->row.exact) {
    const double* x = node.args[0]->row.value.data();
    const double* y = node.args[1]->row.value.data();
    for (std::size_t i = 0; i < n; ++i) {
      out.value[i] = x[i] * y[i];
      out.error[i] = model_.unit * std::abs(out.value[i]) + model_.smallest;
    }
    return;
  }
  for (auto& arg : node.args) fill_errors(arg->row, n);
  Approximate args[3];
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t a = 0; a < node.args.size(); ++a) {
      args[a] = {node.args[a]->row.value[i], node.args[a]->row.error[i]};
    }
    const Approximate result =
        apply_approximately(node.expr.function, node.expr.type, args, model_);
    out.value[i] = result.value;
    out.error[i] = result.error;
  }
}

void OracleProgram::run_reduce(Node& node, Point& point, int axis, std::int64_t count) {
  const Reduction reduction = node.expr.reduction;
  const std::int64_t longest = statement_.axes[static_cast<std::size_t>(node.longest)].extent;
  const bool along_itself = longest >= count;
  std::vector<int> looped = node.expr.axes;
  if (along_itself) std::erase(looped, node.longest);
  for (const int reduced : node.expr.axes) point[static_cast<std::size_t>(reduced)] = 0;

  Node& body = *node.args[0];
  const auto n = static_cast<std::size_t>(count);
  std::vector<PartialReduction> partials(n, PartialReduction{start_value(reduction)});
  if (along_itself) {
    std::int64_t& row_position = point[static_cast<std::size_t>(axis)];
    const std::int64_t row_start = row_position;
    std::int64_t& position = point[static_cast<std::size_t>(node.longest)];
    for (PartialReduction& partial : partials) {
      do {
        for (position = 0; position < longest; position += row_points) {
          const std::int64_t points = std::min(row_points, longest - position);
          run(body, point, node.longest, points);
          const auto m = static_cast<std::size_t>(points);
          if (reduction == Reduction::sum) {
            sum_row(partial, {body.row.value.data(), m},
                    body.row.exact ? std::span<const double>()
                                   : std::span<const double>(body.row.error.data(), m));
            continue;
          }
          for (std::size_t i = 0; i < m; ++i) {
            accumulate(partial, reduction, body.row.value[i],
                       body.row.exact ? 0 : body.row.error[i]);
          }
        }
        position = 0;
      } while (advance(point, looped, statement_.axes));
      ++row_position;
    }
    row_position = row_start;
  } else {
    do {
      run(body, point, axis, count);
      for (std::size_t i = 0; i < n; ++i) {
        accumulate(partials[i], reduction, body.row.value[i],
                   body.row.exact ? 0 : body.row.error[i]);
      }
    } while (advance(point, looped, statement_.axes));
  }
  node.row.exact = false;
  for (std::size_t i = 0; i < n; ++i) {
    const Approximate result = finish(partials[i], reduction, node.terms, model_);
    node.row.value[i] = result.value;
    node.row.error[i] = result.error;
  }
}

}  // namespace perftune
