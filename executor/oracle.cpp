#include "executor/oracle.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>

#include "recipes/number_format.hpp"

namespace perftune {

// Either every element, or those that somebody asked for: a large output is never held whole
// only because a few thousand of its elements are checked.
struct Oracle::Computed {
  bool complete = false;
  std::vector<Approximate> all;
  std::unordered_map<std::int64_t, Approximate> some;
};

namespace {

// An intermediate with at most this many points of work is computed whole when first read.
constexpr double whole_intermediate_points = 0x1p24;

// An element that no statement assigns: nothing that a kernel leaves there is right.
constexpr Approximate unassigned{std::numeric_limits<double>::quiet_NaN(), 0};

double reduction_points(const Statement& statement) {
  double points = 1;
  for (const Axis& axis : statement.axes) {
    if (axis.reduction) points *= static_cast<double>(axis.extent);
  }
  return points;
}

double domain_points(const Statement& statement) {
  double points = 1;
  for (const Axis& axis : statement.axes) points *= static_cast<double>(axis.extent);
  return points;
}

// The spatial point that assigns `element`, where every left-hand subscript has at most one axis.
// Empty optional: the statement does not assign it, or (`unclear`) it takes a search to know.
std::optional<std::vector<std::int64_t>> assigning_point(const Statement& statement,
                                                         const Tensor& tensor, std::int64_t element,
                                                         bool& unclear) {
  std::vector<std::int64_t> point(statement.axes.size() + 1, 0);
  const auto strides = tensor.strides();
  for (std::size_t d = 0; d < statement.indices.size(); ++d) {
    const Index& index = statement.indices[d];
    const std::int64_t position = element / strides[d] % tensor.shape[d] - index.offset;
    if (index.terms.empty()) {
      if (position != 0) return std::nullopt;
      continue;
    }
    if (index.terms.size() > 1) {
      unclear = true;
      return std::nullopt;
    }
    const Index::Term& term = index.terms[0];
    const auto axis = static_cast<std::size_t>(term.axis);
    if (position % term.coefficient != 0) return std::nullopt;
    const std::int64_t at = position / term.coefficient;
    if (at < 0 || at >= statement.axes[axis].extent) return std::nullopt;
    point[axis] = at;
  }
  return point;
}

DType narrowest_input(const Operator& op) {
  DType narrowest = DType::f64;
  for (const int input : op.inputs()) {
    const DType type = op.tensors[static_cast<std::size_t>(input)].type;
    if (is_floating(type) && epsilon(type) > epsilon(narrowest)) narrowest = type;
  }
  return narrowest;
}

}  // namespace

Oracle::Oracle(const Operator& op, std::span<const std::span<const std::byte>> inputs)
    : op_(op), bytes_(op.tensors.size()), computed_(op.tensors.size()) {
  const std::vector<int> slots = op.inputs();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    bytes_[static_cast<std::size_t>(slots[i])] = inputs[i];
  }
  const RoundingModel model = RoundingModel::of(op.accumulate, narrowest_input(op));
  TensorReader& reader = *this;
  for (const Statement& statement : op.statements) {
    programs_.push_back(std::make_unique<OracleProgram>(op, statement, model, reader));
  }
}

Oracle::~Oracle() = default;

double Oracle::points_per_element(int output) const {
  double points = 1;
  for (const Statement& statement : op_.statements) {
    if (statement.output == output) points = std::max(points, reduction_points(statement));
  }
  return points;
}

double Oracle::points(int output) const {
  double points = 0;
  for (const Statement& statement : op_.statements) {
    if (statement.output == output) points += domain_points(statement);
  }
  return points;
}

std::vector<Approximate> Oracle::evaluate(int output) {
  compute_all(output);
  return computed(output).all;
}

std::vector<Approximate> Oracle::evaluate(int output, std::span<const std::int64_t> elements) {
  std::vector<Approximate> chosen;
  chosen.reserve(elements.size());
  for (const std::int64_t element : elements) chosen.push_back(value_of(output, element));
  return chosen;
}

bool Oracle::read(int tensor, std::int64_t first, std::int64_t stride, std::span<double> values,
                  std::span<double> errors) {
  if (op_.tensors[static_cast<std::size_t>(tensor)].role == Tensor::Role::input) {
    return read_input(tensor, first, stride, values, errors);
  }
  Computed& from = computed(tensor);
  if (!from.complete) {
    double work = 0;
    for (const Statement& statement : op_.statements) {
      if (statement.output == tensor) work += domain_points(statement);
    }
    if (work <= whole_intermediate_points) compute_all(tensor);
  }
  const DType type = op_.tensors[static_cast<std::size_t>(tensor)].type;
  const double rounding = is_floating(type) ? epsilon(type) / 2 : 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Approximate x = value_of(tensor, first + static_cast<std::int64_t>(i) * stride);
    values[i] = x.value;
    errors[i] = x.error + rounding * std::abs(x.value);
  }
  return true;
}

bool Oracle::read_input(int tensor, std::int64_t first, std::int64_t stride,
                        std::span<double> values, std::span<double> errors) const {
  const DType type = op_.tensors[static_cast<std::size_t>(tensor)].type;
  const std::byte* bytes = bytes_[static_cast<std::size_t>(tensor)].data() +
                           first * static_cast<std::int64_t>(size_bytes(type));
  decode(type, bytes, stride, values);
  if (type != DType::tf32) return false;
  // An f32 with more bits than tf32 has loses them to rounding or truncation, as hardware likes.
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool fits = round_to(type, values[i]) == values[i];
    errors[i] = fits ? 0 : std::abs(values[i]) * epsilon(type);
  }
  return true;
}

Oracle::Computed& Oracle::computed(int tensor) {
  auto& slot = computed_[static_cast<std::size_t>(tensor)];
  if (!slot) slot = std::make_unique<Computed>();
  return *slot;
}

Approximate Oracle::value_of(int tensor, std::int64_t element) {
  Computed& from = computed(tensor);
  if (!from.complete) {
    const auto known = from.some.find(element);
    if (known != from.some.end()) return known->second;
    const Approximate value = compute(tensor, element);
    if (!from.complete) return from.some[element] = value;
  }
  return from.all[static_cast<std::size_t>(element)];
}

void Oracle::compute_all(int tensor) {
  Computed& into = computed(tensor);
  if (into.complete) return;
  const std::int64_t elements = op_.tensors[static_cast<std::size_t>(tensor)].elements();
  into.all.assign(static_cast<std::size_t>(elements), unassigned);
  for (std::size_t s = 0; s < op_.statements.size(); ++s) {
    if (op_.statements[s].output == tensor) compute_statement(s, into);
  }
  into.complete = true;
  into.some.clear();
}

void Oracle::compute_statement(std::size_t s, Computed& into) {
  const Statement& statement = op_.statements[s];
  std::vector<int> outer;
  for (std::size_t a = 0; a < statement.axes.size(); ++a) {
    if (!statement.axes[a].reduction) outer.push_back(static_cast<int>(a));
  }
  std::vector<std::int64_t> point(statement.axes.size() + 1, 0);
  // Rows along the last spatial axis; a scalar output is one row along no axis.
  auto row_axis = statement.axes.size();
  std::int64_t extent = 1;
  if (!outer.empty()) {
    row_axis = static_cast<std::size_t>(outer.back());
    extent = statement.axes[row_axis].extent;
    outer.pop_back();
  }
  bool more = true;
  while (more) {
    for (std::int64_t start = 0; start < extent; start += row_points) {
      point[row_axis] = start;
      const std::int64_t count = std::min(row_points, extent - start);
      const RowBuffer& row = programs_[s]->evaluate(point, static_cast<int>(row_axis), count);
      for (std::int64_t i = 0; i < count; ++i) {
        point[row_axis] = start + i;
        const auto at = static_cast<std::size_t>(programs_[s]->output_position(point));
        const auto from = static_cast<std::size_t>(i);
        into.all[at] = {row.value[from], row.error[from]};
      }
    }
    more = false;
    for (auto it = outer.rbegin(); it != outer.rend() && !more; ++it) {
      auto& position = point[static_cast<std::size_t>(*it)];
      more = ++position < statement.axes[static_cast<std::size_t>(*it)].extent;
      if (!more) position = 0;
    }
  }
}

Approximate Oracle::compute(int tensor, std::int64_t element) {
  const Tensor& t = op_.tensors[static_cast<std::size_t>(tensor)];
  for (std::size_t s = 0; s < op_.statements.size(); ++s) {
    const Statement& statement = op_.statements[s];
    if (statement.output != tensor) continue;
    bool unclear = false;
    auto point = assigning_point(statement, t, element, unclear);
    if (unclear) {
      compute_all(tensor);
      return computed(tensor).all[static_cast<std::size_t>(element)];
    }
    if (!point) continue;
    const RowBuffer& row =
        programs_[s]->evaluate(*point, static_cast<int>(statement.axes.size()), 1);
    return {row.value[0], row.error[0]};
  }
  return unassigned;
}

}  // namespace perftune
