// Operators along axes: reductions, softmax, norms, positions of extremes, running sums.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "models/reference.hpp"

namespace perftune {
namespace {

using Specs = std::optional<std::vector<ArraySpec>>;
using Outputs = std::span<const ArrayView>;

std::optional<std::vector<bool>> reduced_axes(const OpCall& call) {
  if (!call.known(1)) return std::nullopt;
  const std::size_t rank = call.in(0).shape().size();
  const auto axes = call.ints_or(1, "axes", {});
  if (axes.empty()) return std::vector<bool>(rank, call.node->integer("noop_with_empty_axes", 0) == 0);
  std::vector<bool> reduced(rank, false);
  for (const std::int64_t axis : axes) reduced[call.axis(axis, rank)] = true;
  return reduced;
}

Specs reduce(const OpCall& call) {
  const auto reduced = reduced_axes(call);
  if (!reduced) return std::nullopt;
  Shape to;
  for (std::size_t i = 0; i < reduced->size(); ++i) {
    if (!(*reduced)[i]) to.push_back(call.in(0).shape()[i]);
    else if (call.node->integer("keepdims", 1) != 0) to.push_back(1);
  }
  return {{{call.in(0).type(), to}}};
}

struct Fold {
  double start;
  double (*add)(double sum, double x);
  double (*finish)(double sum, double count);
};

const Fold& fold_of(const std::string& op) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  static const std::map<std::string, Fold> folds = {
      {"ReduceSum", {0, [](double s, double x) { return s + x; }, [](double s, double) { return s; }}},
      {"ReduceMean", {0, [](double s, double x) { return s + x; }, [](double s, double n) { return s / n; }}},
      {"ReduceMax", {-infinity, [](double s, double x) { return std::max(s, x); }, [](double s, double) { return s; }}},
      {"ReduceMin", {infinity, [](double s, double x) { return std::min(s, x); }, [](double s, double) { return s; }}},
      {"ReduceProd", {1, [](double s, double x) { return s * x; }, [](double s, double) { return s; }}},
      {"ReduceL1", {0, [](double s, double x) { return s + std::abs(x); }, [](double s, double) { return s; }}},
      {"ReduceL2", {0, [](double s, double x) { return s + x * x; }, [](double s, double) { return std::sqrt(s); }}},
      {"ReduceSumSquare", {0, [](double s, double x) { return s + x * x; }, [](double s, double) { return s; }}},
      {"ReduceLogSumExp", {0, [](double s, double x) { return s + std::exp(x); }, [](double s, double) { return std::log(s); }}},
  };
  return folds.at(op);
}

void run_reduce(const OpCall& call, Outputs outputs) {
  const auto reduced = *reduced_axes(call);
  const Shape& from = call.in(0).shape();
  Shape strides(from.size(), 0);
  std::int64_t stride = 1, count = 1;
  for (std::size_t i = from.size(); i-- > 0;) {
    if (reduced[i]) {
      count *= from[i];
    } else {
      strides[i] = stride;
      stride *= from[i];
    }
  }
  const Fold& fold = fold_of(call.node->op);
  std::vector<double> sums(static_cast<std::size_t>(outputs[0].elements()), fold.start);
  for_each_point(from, {strides}, [&](std::int64_t at, const std::vector<std::int64_t>& to) {
    sums[to[0]] = fold.add(sums[to[0]], read_real(call.in(0), at));
  });
  for (std::size_t i = 0; i < sums.size(); ++i)
    write_real(outputs[0], static_cast<std::int64_t>(i), fold.finish(sums[i], static_cast<double>(count)));
}

// Calls f(offset of the first element, stride) for every line along `axis` (or, from it to the end).
void for_each_line(const Shape& shape, std::size_t axis, bool to_the_end,
                   const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& f) {
  std::int64_t outer = 1, length = 1, inner = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) (i < axis ? outer : i == axis || to_the_end ? length : inner) *= shape[i];
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t i = 0; i < inner; ++i) f(o * length * inner + i, inner, length);
}

void run_softmax(const OpCall& call, Outputs outputs) {
  // Before opset 13 all dimensions from the axis on are one.
  const bool flat = call.opset < 13;
  const auto axis = call.axis(call.node->integer("axis", flat ? 1 : -1), call.in(0).shape().size());
  const bool log = call.node->op == "LogSoftmax";
  for_each_line(call.in(0).shape(), static_cast<std::size_t>(axis), flat,
                [&](std::int64_t first, std::int64_t stride, std::int64_t length) {
                  double top = -std::numeric_limits<double>::infinity(), total = 0;
                  for (std::int64_t i = 0; i < length; ++i) top = std::max(top, read_real(call.in(0), first + i * stride));
                  for (std::int64_t i = 0; i < length; ++i) total += std::exp(read_real(call.in(0), first + i * stride) - top);
                  for (std::int64_t i = 0; i < length; ++i) {
                    const double x = read_real(call.in(0), first + i * stride) - top;
                    write_real(outputs[0], first + i * stride, log ? x - std::log(total) : std::exp(x) / total);
                  }
                });
}

Specs layer_norm(const OpCall& call) {
  std::vector<ArraySpec> specs{call.in(0).spec};
  const auto axis = call.axis(call.node->integer("axis", -1), specs[0].shape.size());
  ArraySpec reduced = specs[0];
  for (std::size_t i = static_cast<std::size_t>(axis); i < reduced.shape.size(); ++i) reduced.shape[i] = 1;
  for (std::size_t i = 1; i < call.node->outputs.size(); ++i) specs.push_back(reduced);
  return specs;
}

void run_layer_norm(const OpCall& call, Outputs outputs) {
  const auto axis = call.axis(call.node->integer("axis", -1), call.in(0).shape().size());
  const double epsilon = call.node->real("epsilon", 1e-5);
  std::int64_t row = 0;
  for_each_line(call.in(0).shape(), static_cast<std::size_t>(axis), true,
                [&](std::int64_t first, std::int64_t, std::int64_t length) {
                  double mean = 0, variance = 0;
                  for (std::int64_t i = 0; i < length; ++i) mean += read_real(call.in(0), first + i);
                  mean /= static_cast<double>(length);
                  for (std::int64_t i = 0; i < length; ++i) {
                    const double d = read_real(call.in(0), first + i) - mean;
                    variance += d * d;
                  }
                  const double inverse = 1 / std::sqrt(variance / static_cast<double>(length) + epsilon);
                  for (std::int64_t i = 0; i < length; ++i)
                    write_real(outputs[0], first + i, (read_real(call.in(0), first + i) - mean) * inverse * read_real(call.in(1), i) +
                                                          (call.has(2) ? read_real(call.in(2), i) : 0));
                  if (outputs.size() > 1) write_real(outputs[1], row, mean);
                  if (outputs.size() > 2) write_real(outputs[2], row, inverse);
                  ++row;
                });
}

void run_batch_norm(const OpCall& call, Outputs outputs) {
  const Shape& shape = call.in(0).shape();
  const std::int64_t channels = shape[1], inner = elements_of(Shape(shape.begin() + 2, shape.end()));
  const double epsilon = call.node->real("epsilon", 1e-5);
  for (std::int64_t i = 0; i < outputs[0].elements(); ++i) {
    const std::int64_t c = i / inner % channels;
    const double inverse = 1 / std::sqrt(read_real(call.in(4), c) + epsilon);
    write_real(outputs[0], i, (read_real(call.in(0), i) - read_real(call.in(3), c)) * inverse * read_real(call.in(1), c) +
                                  read_real(call.in(2), c));
  }
}

void run_instance_norm(const OpCall& call, Outputs outputs) {
  const std::int64_t channels = call.in(0).shape()[1];
  std::int64_t line = 0;
  for_each_line(call.in(0).shape(), 2, true, [&](std::int64_t first, std::int64_t, std::int64_t length) {
    double mean = 0, variance = 0;
    for (std::int64_t i = 0; i < length; ++i) mean += read_real(call.in(0), first + i) / static_cast<double>(length);
    for (std::int64_t i = 0; i < length; ++i) variance += std::pow(read_real(call.in(0), first + i) - mean, 2);
    const double inverse = 1 / std::sqrt(variance / static_cast<double>(length) + call.node->real("epsilon", 1e-5));
    const std::int64_t c = line++ % channels;
    for (std::int64_t i = 0; i < length; ++i)
      write_real(outputs[0], first + i, (read_real(call.in(0), first + i) - mean) * inverse * read_real(call.in(1), c) + read_real(call.in(2), c));
  });
}

Specs arg_extreme(const OpCall& call) {
  Shape to = call.in(0).shape();
  const auto axis = call.axis(call.node->integer("axis", 0), to.size());
  if (call.node->integer("keepdims", 1) != 0) to[axis] = 1;
  else to.erase(to.begin() + axis);
  return {{{Element::i64, to}}};
}

void run_arg_extreme(const OpCall& call, Outputs outputs) {
  const auto axis = call.axis(call.node->integer("axis", 0), call.in(0).shape().size());
  const double sign = call.node->op == "ArgMax" ? 1 : -1;
  const bool last = call.node->integer("select_last_index", 0) != 0;
  std::int64_t line = 0;
  for_each_line(call.in(0).shape(), static_cast<std::size_t>(axis), false,
                [&](std::int64_t first, std::int64_t stride, std::int64_t length) {
                  std::int64_t best = 0;
                  for (std::int64_t i = 1; i < length; ++i) {
                    const double x = sign * read_real(call.in(0), first + i * stride), y = sign * read_real(call.in(0), first + best * stride);
                    if (x > y || (last && x == y)) best = i;
                  }
                  write_integer(outputs[0], line++, best);
                });
}

Specs same(const OpCall& call) { return {{call.in(0).spec}}; }

void run_cumulative_sum(const OpCall& call, Outputs outputs) {
  const auto axis = call.axis(call.ints(1)[0], call.in(0).shape().size());
  const bool exclusive = call.node->integer("exclusive", 0) != 0, reverse = call.node->integer("reverse", 0) != 0;
  for_each_line(call.in(0).shape(), static_cast<std::size_t>(axis), false,
                [&](std::int64_t first, std::int64_t stride, std::int64_t length) {
                  double sum = 0;
                  for (std::int64_t step = 0; step < length; ++step) {
                    const std::int64_t at = first + (reverse ? length - 1 - step : step) * stride;
                    const double x = read_real(call.in(0), at);
                    write_real(outputs[0], at, exclusive ? sum : sum + x);
                    sum += x;
                  }
                });
}

}  // namespace

void add_reductions(ReferenceOps& ops) {
  for (const char* op : {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                         "ReduceSumSquare", "ReduceLogSumExp"})
    ops[op] = {reduce, run_reduce};
  ops["Softmax"] = {same, run_softmax};
  ops["LogSoftmax"] = {same, run_softmax};
  ops["LayerNormalization"] = {layer_norm, run_layer_norm};
  ops["BatchNormalization"] = {same, run_batch_norm};
  ops["InstanceNormalization"] = {same, run_instance_norm};
  ops["ArgMax"] = {arg_extreme, run_arg_extreme};
  ops["ArgMin"] = {arg_extreme, run_arg_extreme};
  ops["CumSum"] = {same, run_cumulative_sum};
}

}  // namespace perftune
