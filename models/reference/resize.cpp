// Resize (nearest and linear, the coordinate modes of opset 13) and its old form Upsample;
// DepthToSpace and SpaceToDepth.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "models/resize.hpp"

namespace perftune {

using Specs = std::optional<std::vector<ArraySpec>>;
using Outputs = std::span<const ArrayView>;

std::optional<ResizeScales> resize_scales(const OpCall& call) {
  const bool old = call.opset < 11 || call.node->op == "Upsample";
  const std::size_t scales_at = old ? 1 : 2;
  if (!call.known(scales_at) || (!old && !call.known(3))) return std::nullopt;
  const Shape& from = call.in(0).shape();
  ResizeScales result;
  if (!old && call.has(3) && call.in(3).elements() > 0) {
    result.output = call.ints(3);
    if (result.output.size() != from.size()) call.fail("sizes of the wrong length");
    for (std::size_t i = 0; i < from.size(); ++i)
      result.scale.push_back(static_cast<double>(result.output[i]) / static_cast<double>(from[i]));
    return result;
  }
  if (call.has(scales_at))
    for (std::int64_t i = 0; i < call.in(scales_at).elements(); ++i) result.scale.push_back(read_real(call.in(scales_at), i));
  else
    result.scale = call.node->reals("scales");
  if (result.scale.size() != from.size()) call.fail("scales of the wrong length");
  for (std::size_t i = 0; i < from.size(); ++i)
    result.output.push_back(static_cast<std::int64_t>(std::floor(static_cast<double>(from[i]) * result.scale[i] + 1e-9)));
  return result;
}

double resize_source(const OpCall& call, std::int64_t at, std::int64_t from, std::int64_t to, double scale) {
  const bool old = call.opset < 11 || call.node->op == "Upsample";
  const std::string mode = old ? "asymmetric" : call.node->word("coordinate_transformation_mode", "half_pixel");
  const double x = static_cast<double>(at);
  if (mode == "asymmetric") return x / scale;
  if (mode == "align_corners") return to == 1 ? 0 : x * static_cast<double>(from - 1) / static_cast<double>(to - 1);
  if (mode == "pytorch_half_pixel" && to == 1) return 0;
  if (mode == "half_pixel" || mode == "pytorch_half_pixel") return (x + 0.5) / scale - 0.5;
  call.fail("coordinate mode " + mode + " is not supported");
}

std::int64_t nearest_source(const OpCall& call, double x, std::int64_t extent) {
  const bool old = call.opset < 11 || call.node->op == "Upsample";
  const std::string mode = old ? "floor" : call.node->word("nearest_mode", "round_prefer_floor");
  const double whole = mode == "floor" ? std::floor(x)
                       : mode == "ceil" ? std::ceil(x)
                       : mode == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
  return std::clamp(static_cast<std::int64_t>(whole), std::int64_t{0}, extent - 1);
}

namespace {

Specs resize(const OpCall& call) {
  const auto scales = resize_scales(call);
  if (!scales) return std::nullopt;
  return {{{call.in(0).type(), scales->output}}};
}

// One dimension after the other: interpolation is separable.
void run_resize(const OpCall& call, Outputs outputs) {
  const ResizeScales scales = *resize_scales(call);
  const std::string mode = call.node->word("mode", "nearest");
  if (mode != "nearest" && mode != "linear") call.fail("mode " + mode + " is not supported");
  Shape shape = call.in(0).shape();
  std::vector<double> values(static_cast<std::size_t>(elements_of(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = read_real(call.in(0), static_cast<std::int64_t>(i));
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const std::int64_t from = shape[d], to = scales.output[d];
    if (from == to && scales.scale[d] == 1) continue;
    const std::int64_t outer = elements_of(Shape(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(d)));
    const std::int64_t inner = elements_of(Shape(shape.begin() + static_cast<std::ptrdiff_t>(d) + 1, shape.end()));
    std::vector<double> next(static_cast<std::size_t>(outer * to * inner));
    for (std::int64_t at = 0; at < to; ++at) {
      const double x = resize_source(call, at, from, to, scales.scale[d]);
      const bool linear = mode == "linear";
      const double inside = std::clamp(x, 0.0, static_cast<double>(from - 1));
      const std::int64_t low = linear ? static_cast<std::int64_t>(std::floor(inside)) : nearest_source(call, x, from);
      const std::int64_t high = linear ? std::min(low + 1, from - 1) : low;
      const double part = linear ? inside - static_cast<double>(low) : 0;
      for (std::int64_t o = 0; o < outer; ++o)
        for (std::int64_t i = 0; i < inner; ++i)
          next[(o * to + at) * inner + i] = (1 - part) * values[(o * from + low) * inner + i] + part * values[(o * from + high) * inner + i];
    }
    shape[d] = to;
    values = std::move(next);
  }
  for (std::int64_t i = 0; i < outputs[0].elements(); ++i) write_real(outputs[0], i, values[i]);
}

Specs depth_to_space(const OpCall& call) {
  Shape to = call.in(0).shape();
  const std::int64_t block = call.node->integer("blocksize", 1);
  if (to.size() != 4 || block < 1) call.fail("takes four dimensions and a positive block");
  const bool depth = call.node->op == "DepthToSpace";
  if (depth ? to[1] % (block * block) != 0 : to[2] % block != 0 || to[3] % block != 0) call.fail("its block does not divide its input");
  to = depth ? Shape{to[0], to[1] / (block * block), to[2] * block, to[3] * block}
             : Shape{to[0], to[1] * block * block, to[2] / block, to[3] / block};
  return {{{call.in(0).type(), to}}};
}

void run_depth_to_space(const OpCall& call, Outputs outputs) {
  const std::int64_t block = call.node->integer("blocksize", 1);
  const bool depth = call.node->op == "DepthToSpace", columns = call.node->word("mode", "DCR") == "DCR";
  const ArrayView& small = depth ? call.in(0) : outputs[0];  // the one with more channels
  const ArrayView& large = depth ? outputs[0] : call.in(0);
  const Shape &s = small.shape(), &l = large.shape();
  const std::size_t bytes = size_bytes(small.type());
  for (std::int64_t i = 0; i < large.elements(); ++i) {
    const std::int64_t x = i % l[3], y = i / l[3] % l[2], c = i / (l[3] * l[2]) % l[1], n = i / (l[3] * l[2] * l[1]);
    const std::int64_t digit = y % block * block + x % block;
    const std::int64_t channel = columns || !depth ? digit * l[1] + c : c * block * block + digit;
    const std::int64_t j = ((n * s[1] + channel) * s[2] + y / block) * s[3] + x / block;
    if (depth) std::memcpy(large.data + static_cast<std::size_t>(i) * bytes, small.data + static_cast<std::size_t>(j) * bytes, bytes);
    else std::memcpy(small.data + static_cast<std::size_t>(j) * bytes, large.data + static_cast<std::size_t>(i) * bytes, bytes);
  }
}

}  // namespace

void add_resize(ReferenceOps& ops) {
  ops["Resize"] = {resize, run_resize};
  ops["Upsample"] = {resize, run_resize};
  ops["DepthToSpace"] = {depth_to_space, run_depth_to_space};
  ops["SpaceToDepth"] = {depth_to_space, run_depth_to_space};
}

}  // namespace perftune
