// Operators that pick, place or find elements.
#include <algorithm>
#include <cstring>

#include "models/slices.hpp"

namespace perftune {
namespace {

using Specs = std::optional<std::vector<ArraySpec>>;
using Outputs = std::span<const ArrayView>;

void copy_element(const ArrayView& to, std::int64_t at, const ArrayView& from, std::int64_t offset) {
  const std::size_t bytes = size_bytes(to.type());
  std::memcpy(to.data + static_cast<std::size_t>(at) * bytes, from.data + static_cast<std::size_t>(offset) * bytes, bytes);
}

std::int64_t wrapped(const OpCall& call, std::int64_t index, std::int64_t extent) {
  if (index < -extent || index >= extent)
    call.fail("index " + std::to_string(index) + " is outside a dimension of extent " + std::to_string(extent));
  return index < 0 ? index + extent : index;
}

Specs slice(const OpCall& call) {
  const auto ranges = slice_ranges(call);
  if (!ranges) return std::nullopt;
  Shape to;
  for (const SliceRange& range : *ranges) to.push_back(range.count);
  return {{{call.in(0).type(), to}}};
}

void run_slice(const OpCall& call, Outputs outputs) {
  const auto ranges = slice_ranges(call);
  Shape strides = row_major_strides(call.in(0).shape());
  std::int64_t base = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    base += (*ranges)[i].first * strides[i];
    strides[i] *= (*ranges)[i].step;
  }
  for_each_point(outputs[0].shape(), {strides}, [&](std::int64_t at, const std::vector<std::int64_t>& offset) {
    copy_element(outputs[0], at, call.in(0), base + offset[0]);
  });
}

Specs gather(const OpCall& call) {
  const Shape& from = call.in(0).shape();
  const auto axis = call.axis(call.node->integer("axis", 0), from.size());
  Shape to(from.begin(), from.begin() + axis);
  to.insert(to.end(), call.in(1).shape().begin(), call.in(1).shape().end());
  to.insert(to.end(), from.begin() + axis + 1, from.end());
  return {{{call.in(0).type(), to}}};
}

void run_gather(const OpCall& call, Outputs outputs) {
  const Shape& from = call.in(0).shape();
  const auto axis = call.axis(call.node->integer("axis", 0), from.size());
  const std::int64_t outer = elements_of(Shape(from.begin(), from.begin() + axis));
  const std::size_t inner = static_cast<std::size_t>(elements_of(Shape(from.begin() + axis + 1, from.end()))) *
                            size_bytes(call.in(0).type());
  std::byte* to = outputs[0].data;
  for (std::int64_t row = 0; row < outer; ++row)
    for (std::int64_t i = 0; i < call.in(1).elements(); ++i, to += inner) {
      const std::int64_t index = wrapped(call, read_integer(call.in(1), i), from[axis]);
      if (inner > 0) std::memcpy(to, call.in(0).data + static_cast<std::size_t>(row * from[axis] + index) * inner, inner);
    }
}

Specs gather_nd(const OpCall& call) {
  const Shape &from = call.in(0).shape(), &index = call.in(1).shape();
  const auto batch = static_cast<std::size_t>(call.node->integer("batch_dims", 0));
  if (index.empty() || batch + static_cast<std::size_t>(index.back()) > from.size()) call.fail("indexes more dimensions than there are");
  Shape to(index.begin(), index.end() - 1);
  to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(batch) + index.back(), from.end());
  return {{{call.in(0).type(), to}}};
}

void run_gather_nd(const OpCall& call, Outputs outputs) {
  const Shape &from = call.in(0).shape(), &index = call.in(1).shape();
  const std::int64_t batch = call.node->integer("batch_dims", 0), depth = index.back();
  const Shape strides = row_major_strides(from);
  const std::int64_t batches = elements_of(Shape(from.begin(), from.begin() + batch));
  const std::int64_t rows = call.in(1).elements() / depth;
  const std::int64_t inner = elements_of(Shape(from.begin() + batch + depth, from.end()));
  const std::int64_t per_batch = elements_of(Shape(from.begin() + batch, from.end()));
  for (std::int64_t row = 0; row < rows; ++row) {
    std::int64_t offset = row / (rows / batches) * per_batch;
    for (std::int64_t d = 0; d < depth; ++d)
      offset += wrapped(call, read_integer(call.in(1), row * depth + d), from[batch + d]) * strides[batch + d];
    for (std::int64_t i = 0; i < inner; ++i) copy_element(outputs[0], row * inner + i, call.in(0), offset + i);
  }
}

Specs gather_elements(const OpCall& call) { return {{{call.in(0).type(), call.in(1).shape()}}}; }

void run_gather_elements(const OpCall& call, Outputs outputs) {
  const Shape& from = call.in(0).shape();
  const auto axis = call.axis(call.node->integer("axis", 0), from.size());
  const Shape strides = row_major_strides(from), own = row_major_strides(outputs[0].shape());
  for (std::int64_t i = 0; i < outputs[0].elements(); ++i) {
    std::int64_t offset = wrapped(call, read_integer(call.in(1), i), from[axis]) * strides[axis];
    for (std::size_t d = 0; d < from.size(); ++d)
      if (static_cast<std::int64_t>(d) != axis) offset += i / own[d] % outputs[0].shape()[d] * strides[d];
    copy_element(outputs[0], i, call.in(0), offset);
  }
}

void run_scatter_nd(const OpCall& call, Outputs outputs) {
  const Shape &to = call.in(0).shape(), &index = call.in(1).shape();
  const std::int64_t depth = index.back();
  const Shape strides = row_major_strides(to);
  const std::int64_t inner = elements_of(Shape(to.begin() + depth, to.end()));
  if (call.node->word("reduction", "none") != "none") call.fail("reductions are not supported");
  std::memcpy(outputs[0].data, call.in(0).data, outputs[0].spec.bytes());
  for (std::int64_t row = 0; row < call.in(1).elements() / depth; ++row) {
    std::int64_t offset = 0;
    for (std::int64_t d = 0; d < depth; ++d)
      offset += wrapped(call, read_integer(call.in(1), row * depth + d), to[d]) * strides[d];
    for (std::int64_t i = 0; i < inner; ++i) copy_element(outputs[0], offset + i, call.in(2), row * inner + i);
  }
}

Specs non_zero(const OpCall& call) {
  if (!call.known(0)) return std::nullopt;
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < call.in(0).elements(); ++i) count += read_real(call.in(0), i) != 0;
  return {{{Element::i64, {static_cast<std::int64_t>(call.in(0).shape().size()), count}}}};
}

void run_non_zero(const OpCall& call, Outputs outputs) {
  const Shape& shape = call.in(0).shape();
  const Shape strides = row_major_strides(shape);
  const std::int64_t count = outputs[0].shape()[1];
  std::int64_t found = 0;
  for (std::int64_t i = 0; i < call.in(0).elements(); ++i) {
    if (read_real(call.in(0), i) == 0) continue;
    for (std::size_t d = 0; d < shape.size(); ++d)
      write_integer(outputs[0], static_cast<std::int64_t>(d) * count + found, i / strides[d] % shape[d]);
    ++found;
  }
}

Specs pad(const OpCall& call) {
  const auto padding = padding_of(call);
  if (!padding) return std::nullopt;
  Shape to = call.in(0).shape();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += padding->before[i] + padding->after[i];
  return {{{call.in(0).type(), to}}};
}

// Where a position outside [0, extent) is read instead; -1: the constant.
std::int64_t source(std::int64_t at, std::int64_t extent, const std::string& mode) {
  if (at >= 0 && at < extent) return at;
  if (mode == "edge") return std::clamp<std::int64_t>(at, 0, extent - 1);
  if (mode != "reflect") return -1;
  if (extent == 1) return 0;
  const std::int64_t period = 2 * (extent - 1);
  const std::int64_t inside = (at % period + period) % period;
  return inside < extent ? inside : period - inside;
}

void run_pad(const OpCall& call, Outputs outputs) {
  const Padding padding = *padding_of(call);
  const Shape &from = call.in(0).shape(), &to = outputs[0].shape();
  const Shape strides = row_major_strides(from), own = row_major_strides(to);
  const bool value = call.has(2) && call.in(2).elements() > 0;
  for (std::int64_t i = 0; i < outputs[0].elements(); ++i) {
    std::int64_t offset = 0;
    for (std::size_t d = 0; d < to.size() && offset >= 0; ++d) {
      const std::int64_t at = source(i / own[d] % to[d] - padding.before[d], from[d], padding.mode);
      offset = at < 0 ? -1 : offset + at * strides[d];
    }
    if (offset >= 0) copy_element(outputs[0], i, call.in(0), offset);
    else if (value) copy_element(outputs[0], i, call.in(2), 0);
    else write_real(outputs[0], i, call.node->real("value", 0));
  }
}

Specs trilu(const OpCall& call) { return {{call.in(0).spec}}; }

void run_trilu(const OpCall& call, Outputs outputs) {
  const Shape& shape = call.in(0).shape();
  const std::int64_t columns = shape.back(), rows = shape[shape.size() - 2];
  const std::int64_t k = call.has(1) ? call.ints(1)[0] : 0;
  const bool upper = call.node->integer("upper", 1) != 0;
  for (std::int64_t i = 0; i < outputs[0].elements(); ++i) {
    const std::int64_t distance = i % columns - i / columns % rows;
    if (upper ? distance >= k : distance <= k) copy_element(outputs[0], i, call.in(0), i);
    else write_real(outputs[0], i, 0);
  }
}

}  // namespace

std::optional<std::vector<SliceRange>> slice_ranges(const OpCall& call) {
  for (std::size_t i = 1; i < call.inputs.size(); ++i)
    if (!call.known(i)) return std::nullopt;
  const Shape& shape = call.in(0).shape();
  const auto starts = call.ints_or(1, "starts", {}), ends = call.ints_or(2, "ends", {});
  auto axes = call.ints_or(3, "axes", {});
  const auto steps = call.has(4) ? call.ints(4) : std::vector<std::int64_t>(starts.size(), 1);
  if (axes.empty())
    for (std::size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (starts.size() != ends.size() || axes.size() != starts.size() || steps.size() != starts.size())
    call.fail("starts, ends, axes and steps have different lengths");
  std::vector<SliceRange> ranges;
  for (const std::int64_t extent : shape) ranges.push_back({0, 1, extent});
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto axis = call.axis(axes[i], shape.size());
    const std::int64_t extent = shape[axis], step = steps[i];
    if (step == 0) call.fail("a step is 0");
    const auto clamp = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
      return std::clamp(at < 0 ? at + extent : at, low, high);
    };
    const std::int64_t first = step > 0 ? clamp(starts[i], 0, extent) : clamp(starts[i], 0, extent - 1);
    const std::int64_t end = step > 0 ? clamp(ends[i], 0, extent)
                             : ends[i] < -extent ? -1 : clamp(ends[i], -1, extent - 1);
    const std::int64_t count = step > 0 ? (end - first + step - 1) / step : (first - end - step - 1) / -step;
    ranges[axis] = {first, step, std::max<std::int64_t>(0, count)};
  }
  return ranges;
}

std::optional<Padding> padding_of(const OpCall& call) {
  if (!call.known(1) || !call.known(3)) return std::nullopt;
  const std::size_t rank = call.in(0).shape().size();
  const auto pads = call.ints_or(1, "pads", {});
  auto axes = call.has(3) ? call.ints(3) : std::vector<std::int64_t>{};
  if (axes.empty())
    for (std::size_t i = 0; i < rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (pads.size() != 2 * axes.size()) call.fail("needs two pads per dimension");
  Padding padding{std::vector<std::int64_t>(rank, 0), std::vector<std::int64_t>(rank, 0), call.node->word("mode", "constant")};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = call.axis(axes[i], rank);
    padding.before[axis] = pads[i];
    padding.after[axis] = pads[i + axes.size()];
  }
  return padding;
}

void add_indexing(ReferenceOps& ops) {
  ops["Slice"] = {slice, run_slice};
  ops["Gather"] = {gather, run_gather};
  ops["GatherND"] = {gather_nd, run_gather_nd};
  ops["GatherElements"] = {gather_elements, run_gather_elements};
  ops["ScatterND"] = {[](const OpCall& call) -> Specs { return {{call.in(0).spec}}; }, run_scatter_nd};
  ops["NonZero"] = {non_zero, run_non_zero};
  ops["Pad"] = {pad, run_pad};
  ops["Trilu"] = {trilu, run_trilu};
}

}  // namespace perftune
