// Operators that move elements or only rename their positions.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "models/reference.hpp"

namespace perftune {
namespace {

using Specs = std::optional<std::vector<ArraySpec>>;

void copy_all(const OpCall& call, std::span<const ArrayView> outputs) {
  if (outputs[0].spec.bytes() > 0) std::memcpy(outputs[0].data, call.in(0).data, outputs[0].spec.bytes());
}

// output element i = input element at offset `base` + strides * position of i.
void gather_strided(const ArrayView& from, const ArrayView& to, const Shape& strides, std::int64_t base = 0) {
  const std::size_t bytes = size_bytes(from.type());
  for_each_point(to.shape(), {strides}, [&](std::int64_t at, const std::vector<std::int64_t>& offset) {
    std::memcpy(to.data + static_cast<std::size_t>(at) * bytes,
                from.data + (base + offset[0]) * static_cast<std::int64_t>(bytes), bytes);
  });
}

Specs reshape(const OpCall& call) {
  if (!call.known(1)) return std::nullopt;
  const Shape& from = call.in(0).shape();
  Shape to = call.ints(1);
  std::int64_t product = 1, free = -1;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] == 0 && call.node->integer("allowzero", 0) == 0) {
      if (i >= from.size()) call.fail("copies a dimension that its input has not");
      to[i] = from[i];
    }
    if (to[i] == -1) free = static_cast<std::int64_t>(i);
    else product *= to[i];
  }
  const std::int64_t all = elements_of(from);
  if (free >= 0) to[free] = product == 0 ? 0 : all / product;
  if (elements_of(to) != all) call.fail("cannot reshape " + text(from) + " to " + text(to));
  return {{{call.in(0).type(), to}}};
}

Specs flatten(const OpCall& call) {
  const Shape& from = call.in(0).shape();
  std::int64_t axis = call.node->integer("axis", 1);
  if (axis < 0) axis += static_cast<std::int64_t>(from.size());
  if (axis < 0 || axis > static_cast<std::int64_t>(from.size())) call.fail("axis out of range");
  const std::int64_t rows = elements_of(Shape(from.begin(), from.begin() + axis));
  return {{{call.in(0).type(), {rows, elements_of(Shape(from.begin() + axis, from.end()))}}}};
}

Specs squeeze(const OpCall& call) {
  if (!call.known(1)) return std::nullopt;
  const Shape& from = call.in(0).shape();
  auto axes = call.ints_or(1, "axes", {});
  for (auto& axis : axes) axis = call.axis(axis, from.size());
  Shape to;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const bool named = std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(i)) != axes.end();
    if (named && from[i] != 1) call.fail("squeezes a dimension of extent " + std::to_string(from[i]));
    if (!(named || (axes.empty() && from[i] == 1))) to.push_back(from[i]);
  }
  return {{{call.in(0).type(), to}}};
}

Specs unsqueeze(const OpCall& call) {
  if (!call.known(1)) return std::nullopt;
  const Shape& from = call.in(0).shape();
  auto axes = call.ints_or(1, "axes", {});
  for (auto& axis : axes) axis = call.axis(axis, from.size() + axes.size());
  Shape to;
  std::size_t next = 0;
  for (std::size_t i = 0; i < from.size() + axes.size(); ++i) {
    const bool added = std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(i)) != axes.end();
    if (!added && next >= from.size()) call.fail("names an axis twice");
    to.push_back(added ? 1 : from[next++]);
  }
  return {{{call.in(0).type(), to}}};
}

std::vector<std::int64_t> permutation(const OpCall& call) {
  const std::size_t rank = call.in(0).shape().size();
  std::vector<std::int64_t> reversed(rank);
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  const auto perm = call.node->list("perm", reversed);
  std::vector<bool> seen(rank, false);
  if (perm.size() != rank) call.fail("perm has another length than its input has dimensions");
  for (const std::int64_t axis : perm) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank) || seen[axis]) call.fail("perm is no permutation");
    seen[axis] = true;
  }
  return perm;
}

Specs transpose(const OpCall& call) {
  Shape to;
  for (const std::int64_t axis : permutation(call)) to.push_back(call.in(0).shape()[axis]);
  return {{{call.in(0).type(), to}}};
}

void run_transpose(const OpCall& call, std::span<const ArrayView> outputs) {
  const Shape own = row_major_strides(call.in(0).shape());
  Shape strides;
  for (const std::int64_t axis : permutation(call)) strides.push_back(own[axis]);
  gather_strided(call.in(0), outputs[0], strides);
}

Specs expand(const OpCall& call) {
  if (!call.known(1)) return std::nullopt;
  const auto to = broadcast(call.in(0).shape(), call.ints(1));
  if (!to) call.fail("cannot expand " + text(call.in(0).shape()) + " to " + text(call.ints(1)));
  return {{{call.in(0).type(), *to}}};
}

Specs concat(const OpCall& call) {
  Shape to = call.in(0).shape();
  const auto axis = call.axis(call.node->integer("axis", 0), to.size());
  for (std::size_t i = 1; i < call.inputs.size(); ++i) {
    const Shape& part = call.in(i).shape();
    if (part.size() != to.size()) call.fail("joins arrays of different rank");
    for (std::size_t d = 0; d < to.size(); ++d)
      if (static_cast<std::int64_t>(d) != axis && part[d] != to[d]) call.fail("joins arrays of different shape");
    to[axis] += part[axis];
  }
  return {{{call.in(0).type(), to}}};
}

void run_concat(const OpCall& call, std::span<const ArrayView> outputs) {
  const Shape& to = outputs[0].shape();
  const auto axis = call.axis(call.node->integer("axis", 0), to.size());
  const std::int64_t outer = elements_of(Shape(to.begin(), to.begin() + axis));
  std::byte* at = outputs[0].data;
  for (std::int64_t row = 0; row < outer; ++row)
    for (const ArrayView& part : call.inputs) {
      if (part.elements() == 0) continue;
      const std::size_t bytes = part.spec.bytes() / static_cast<std::size_t>(outer);
      std::memcpy(at, part.data + static_cast<std::size_t>(row) * bytes, bytes);
      at += bytes;
    }
}

std::vector<std::int64_t> split_sizes(const OpCall& call, std::int64_t extent) {
  auto sizes = call.ints_or(1, "split", {});
  const auto parts = static_cast<std::int64_t>(call.node->outputs.size());
  if (sizes.empty()) {
    const std::int64_t each = (extent + parts - 1) / parts;
    for (std::int64_t i = 0; i < parts; ++i) sizes.push_back(std::max<std::int64_t>(0, std::min(each, extent - i * each)));
  }
  if (static_cast<std::int64_t>(sizes.size()) != parts ||
      std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) != extent)
    call.fail("parts do not add up to the whole");
  return sizes;
}

Specs split(const OpCall& call) {
  if (!call.known(1)) return std::nullopt;
  const Shape& from = call.in(0).shape();
  const auto axis = call.axis(call.node->integer("axis", 0), from.size());
  std::vector<ArraySpec> specs;
  for (const std::int64_t size : split_sizes(call, from[axis])) {
    specs.push_back({call.in(0).type(), from});
    specs.back().shape[axis] = size;
  }
  return specs;
}

void run_split(const OpCall& call, std::span<const ArrayView> outputs) {
  const Shape& from = call.in(0).shape();
  const auto axis = call.axis(call.node->integer("axis", 0), from.size());
  const Shape strides = row_major_strides(from);
  std::int64_t first = 0;
  for (const ArrayView& part : outputs) {
    gather_strided(call.in(0), part, strides, first * strides[axis]);
    first += part.shape()[axis];
  }
}

Specs same(const OpCall& call) { return {{call.in(0).spec}}; }

Specs tile(const OpCall& call) {
  if (!call.known(1)) return std::nullopt;
  Shape to = call.in(0).shape();
  const auto repeats = call.ints(1);
  if (repeats.size() != to.size()) call.fail("needs a repeat per dimension");
  for (std::size_t i = 0; i < to.size(); ++i) to[i] *= std::max<std::int64_t>(0, repeats[i]);
  return {{{call.in(0).type(), to}}};
}

void run_tile(const OpCall& call, std::span<const ArrayView> outputs) {
  const Shape& from = call.in(0).shape();
  const Shape own = row_major_strides(from), to = row_major_strides(outputs[0].shape());
  const std::size_t bytes = size_bytes(call.in(0).type());
  for (std::int64_t i = 0; i < outputs[0].elements(); ++i) {
    std::int64_t offset = 0;
    for (std::size_t d = 0; d < from.size(); ++d) offset += i / to[d] % outputs[0].shape()[d] % from[d] * own[d];
    std::memcpy(outputs[0].data + static_cast<std::size_t>(i) * bytes,
                call.in(0).data + static_cast<std::size_t>(offset) * bytes, bytes);
  }
}

}  // namespace

void add_layout(ReferenceOps& ops) {
  ops["Reshape"] = {reshape, copy_all};
  ops["Flatten"] = {flatten, copy_all};
  ops["Squeeze"] = {squeeze, copy_all};
  ops["Unsqueeze"] = {unsqueeze, copy_all};
  ops["Transpose"] = {transpose, run_transpose};
  ops["Expand"] = {expand, [](const OpCall& call, std::span<const ArrayView> outputs) {
                     gather_strided(call.in(0), outputs[0], broadcast_strides(call.in(0).shape(), outputs[0].shape()));
                   }};
  ops["Concat"] = {concat, run_concat};
  ops["Split"] = {split, run_split};
  ops["Tile"] = {tile, run_tile};
  ops["StopGradient"] = {same, copy_all};
}

}  // namespace perftune
