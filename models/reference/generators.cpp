// Operators that make arrays from shapes and attributes.
#include <cmath>
#include <cstring>

#include "models/reference.hpp"

namespace perftune {
namespace {

using Specs = std::optional<std::vector<ArraySpec>>;
using Outputs = std::span<const ArrayView>;

Array constant_of(const OpCall& call) {
  const Node& node = *call.node;
  if (const auto array = node.array("value")) return *array;
  if (node.has("value_int")) {
    Array array({Element::i64, {}});
    write_integer(array.view(), 0, node.integer("value_int", 0));
    return array;
  }
  if (node.has("value_ints")) return make_integers(node.list("value_ints", {}));
  if (!node.has("value_float") && !node.has("value_floats")) call.fail("strings and sparse constants are not supported");
  const auto values = node.has("value_float") ? std::vector<double>{node.real("value_float", 0)} : node.reals("value_floats");
  Array array({Element::f32, node.has("value_float") ? Shape{} : Shape{static_cast<std::int64_t>(values.size())}});
  for (std::size_t i = 0; i < values.size(); ++i) write_real(array.view(), static_cast<std::int64_t>(i), values[i]);
  return array;
}

std::vector<std::int64_t> shape_slice(const OpCall& call) {
  const Shape& shape = call.in(0).shape();
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto clamp = [&](std::int64_t at) { return std::min(rank, std::max<std::int64_t>(0, at < 0 ? at + rank : at)); };
  const std::int64_t first = clamp(call.node->integer("start", 0)), end = clamp(call.node->integer("end", rank));
  return {shape.begin() + first, shape.begin() + std::max(first, end)};
}

Specs constant_of_shape(const OpCall& call) {
  if (!call.known(0)) return std::nullopt;
  const auto value = call.node->array("value");
  for (const std::int64_t extent : call.ints(0))
    if (extent < 0) call.fail("a negative extent");
  return {{{value ? value->spec.type : Element::f32, call.ints(0)}}};
}

void run_constant_of_shape(const OpCall& call, Outputs outputs) {
  const auto value = call.node->array("value");
  const std::size_t bytes = size_bytes(outputs[0].type());
  for (std::int64_t i = 0; i < outputs[0].elements(); ++i) {
    if (value) std::memcpy(outputs[0].data + static_cast<std::size_t>(i) * bytes, value->data.data(), bytes);
    else write_real(outputs[0], i, 0);
  }
}

Specs range(const OpCall& call) {
  if (!call.known(0) || !call.known(1) || !call.known(2)) return std::nullopt;
  const double step = read_real(call.in(2), 0);
  if (step == 0) call.fail("its step is 0");
  const double count = std::ceil((read_real(call.in(1), 0) - read_real(call.in(0), 0)) / step);
  return {{{call.in(0).type(), {count > 0 ? static_cast<std::int64_t>(count) : 0}}}};
}

Specs one_hot(const OpCall& call) {
  if (!call.known(1)) return std::nullopt;
  Shape to = call.in(0).shape();
  const auto axis = call.axis(call.node->integer("axis", -1), to.size() + 1);
  to.insert(to.begin() + axis, call.ints(1)[0]);
  return {{{call.in(2).type(), to}}};
}

void run_one_hot(const OpCall& call, Outputs outputs) {
  const Shape& to = outputs[0].shape();
  const auto axis = call.axis(call.node->integer("axis", -1), to.size());
  const std::int64_t depth = to[axis], inner = elements_of(Shape(to.begin() + axis + 1, to.end()));
  for (std::int64_t i = 0; i < outputs[0].elements(); ++i) {
    std::int64_t index = read_integer(call.in(0), i / (inner * depth) * inner + i % inner);
    if (index < 0) index += depth;
    write_real(outputs[0], i, read_real(call.in(2), i / inner % depth == index ? 1 : 0));
  }
}

}  // namespace

void add_generators(ReferenceOps& ops) {
  ops["Constant"] = {[](const OpCall& call) -> Specs { return {{constant_of(call).spec}}; },
                     [](const OpCall& call, Outputs outputs) {
                       const Array array = constant_of(call);
                       if (!array.data.empty()) std::memcpy(outputs[0].data, array.data.data(), array.data.size());
                     }};
  ops["Shape"] = {[](const OpCall& call) -> Specs {
                    return {{{Element::i64, {static_cast<std::int64_t>(shape_slice(call).size())}}}};
                  },
                  [](const OpCall& call, Outputs outputs) {
                    const auto shape = shape_slice(call);
                    for (std::size_t i = 0; i < shape.size(); ++i) write_integer(outputs[0], static_cast<std::int64_t>(i), shape[i]);
                  }};
  ops["Size"] = {[](const OpCall&) -> Specs { return {{{Element::i64, {}}}}; },
                 [](const OpCall& call, Outputs outputs) { write_integer(outputs[0], 0, call.in(0).elements()); }};
  ops["ConstantOfShape"] = {constant_of_shape, run_constant_of_shape};
  ops["Range"] = {range, [](const OpCall& call, Outputs outputs) {
                    const double first = read_real(call.in(0), 0), step = read_real(call.in(2), 0);
                    for (std::int64_t i = 0; i < outputs[0].elements(); ++i) write_real(outputs[0], i, first + step * static_cast<double>(i));
                  }};
  ops["OneHot"] = {one_hot, run_one_hot};
}

}  // namespace perftune
