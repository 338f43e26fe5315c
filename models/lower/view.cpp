#include "models/lower/view.hpp"

#include <algorithm>

#include "models/slices.hpp"

namespace perftune {
namespace {

// Strides of `to` over the same elements, or nullopt: each run of dimensions of `from` that are
// contiguous with each other may be cut anew, nothing else.
std::optional<Shape> reshaped(const Shape& from, const Shape& strides, const Shape& to) {
  Shape result(to.size(), 0);
  std::size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    if (i < from.size() && from[i] == 1) { ++i; continue; }
    if (j < to.size() && to[j] == 1) { ++j; continue; }
    if (i >= from.size() || j >= to.size()) return std::nullopt;
    std::size_t i_end = i + 1, j_end = j + 1;
    std::int64_t a = from[i], b = to[j];
    while (a != b) {
      if (a < b) {
        if (i_end >= from.size()) return std::nullopt;
        // The next dimension must continue this one in memory.
        std::size_t last = i_end - 1;
        while (last > i && from[last] == 1) --last;
        if (from[i_end] != 1 && strides[last] != strides[i_end] * from[i_end]) return std::nullopt;
        a *= from[i_end++];
      } else {
        if (j_end >= to.size()) return std::nullopt;
        b *= to[j_end++];
      }
    }
    std::size_t inner = i_end - 1;
    while (inner > i && from[inner] == 1) --inner;
    std::int64_t stride = strides[inner];
    for (std::size_t d = j_end; d-- > j;) {
      result[d] = stride;
      stride *= to[d];
    }
    i = i_end;
    j = j_end;
  }
  return result;
}

std::optional<View> sliced(const OpCall& call, const View& input) {
  const auto ranges = slice_ranges(call);
  if (!ranges) return std::nullopt;
  View view = input;
  for (std::size_t d = 0; d < ranges->size(); ++d) {
    view.offset += (*ranges)[d].first * input.strides[d];
    view.strides[d] *= (*ranges)[d].step;
    if ((*ranges)[d].step < 0) return std::nullopt;
  }
  return view;
}

}  // namespace

bool View::contiguous(const Shape& shape) const {
  if (offset != 0) return false;
  std::int64_t expected = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (shape[d] != 1 && strides[d] != expected) return false;
    expected *= shape[d];
  }
  return true;
}

View whole(int value, const Shape& shape) { return {value, row_major_strides(shape), 0}; }

bool is_view_op(const std::string& op) {
  static const char* const ops[] = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Expand", "Identity", "Dropout", "Gather"};
  return std::any_of(std::begin(ops), std::end(ops), [&](const char* name) { return op == name; });
}

std::optional<View> view_through(const OpCall& call, const View& input, const Shape& to, std::size_t output) {
  const std::string& op = call.node->op;
  const Shape& from = call.in(0).shape();
  if (elements_of(to) == 0) return std::nullopt;
  if (op == "Identity" || (op == "Dropout" && output == 0)) return input;
  if (op == "Reshape" || op == "Flatten" || op == "Squeeze" || op == "Unsqueeze") {
    auto strides = reshaped(from, input.strides, to);
    if (!strides) return std::nullopt;
    return View{input.base, *std::move(strides), input.offset};
  }
  if (op == "Transpose") {
    std::vector<std::int64_t> reversed;
    for (std::size_t d = from.size(); d-- > 0;) reversed.push_back(static_cast<std::int64_t>(d));
    View view = input;
    const auto perm = call.node->list("perm", reversed);
    for (std::size_t d = 0; d < perm.size(); ++d) view.strides[d] = input.strides[perm[d]];
    return view;
  }
  if (op == "Expand") {
    View view{input.base, Shape(to.size(), 0), input.offset};
    for (std::size_t d = 0; d < from.size(); ++d)
      if (from[from.size() - 1 - d] != 1) view.strides[to.size() - 1 - d] = input.strides[from.size() - 1 - d];
    return view;
  }
  if (op == "Slice") return sliced(call, input);
  if (op == "Gather") {  // at one known position
    if (!call.known(1) || call.in(1).elements() != 1 || !call.in(1).shape().empty()) return std::nullopt;
    const auto axis = call.axis(call.node->integer("axis", 0), from.size());
    const std::int64_t at = call.ints(1)[0];
    View view = input;
    view.offset += (at < 0 ? at + from[axis] : at) * input.strides[axis];
    view.strides.erase(view.strides.begin() + axis);
    return at < -from[axis] || at >= from[axis] ? std::nullopt : std::optional(view);
  }
  if (op == "Split") {
    const auto specs = reference_ops().find("Split")->second.infer(call);
    const auto axis = call.axis(call.node->integer("axis", 0), from.size());
    View view = input;
    for (std::size_t part = 0; part < output; ++part) view.offset += (*specs)[part].shape[axis] * input.strides[axis];
    return view;
  }
  return std::nullopt;
}

Reading read_through(const View& view, const Shape& shape, std::int64_t base_elements, const std::vector<Subscript>& at) {
  struct Term {
    std::int64_t stride;
    const Subscript* subscript;
  };
  std::vector<Term> terms;
  // Windows also run along dimensions of extent 1, whose strides say nothing.
  const Shape strides = view.contiguous(shape) ? row_major_strides(shape) : view.strides;
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (at[d].window || (at[d].extent > 1 && shape[d] > 1 && strides[d] != 0)) terms.push_back({strides[d], &at[d]});
  std::stable_sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.stride > b.stride; });
  Reading reading;
  std::int64_t above = base_elements, rest = view.offset;  // elements that one step of the last dimension spans
  bool exact = true;
  for (const Term& term : terms) {
    exact = exact && above % term.stride == 0;
    const std::int64_t extent = above / term.stride, first = rest / term.stride;
    rest %= term.stride;
    exact = exact && first + term.subscript->extent <= extent;
    reading.shape.push_back(first == 0 && extent == term.subscript->extent ? term.subscript->extent_text : std::to_string(extent));
    reading.subscripts.push_back(term.subscript->text + (first == 0 ? "" : " + " + std::to_string(first)));
    above = term.stride;
  }
  if (exact && above > 1) {
    reading.shape.push_back(std::to_string(above));
    reading.subscripts.push_back(std::to_string(rest));
  }
  if (exact) return reading;
  // Memory as one dimension, the strides spelt out.
  std::string sum = view.offset == 0 ? "" : std::to_string(view.offset);
  for (const Term& term : terms)
    sum += (sum.empty() ? "" : " + ") + std::to_string(term.stride) + " * (" + term.subscript->text + ")";
  return {{std::to_string(base_elements)}, {sum.empty() ? "0" : sum}};
}

}  // namespace perftune
