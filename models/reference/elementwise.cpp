// Elementwise operators, casts: the table of scalar functions, run element by element.
#include <cmath>
#include <limits>

#include "models/scalar_functions.hpp"

namespace perftune {
namespace {

std::optional<std::vector<ArraySpec>> infer(const OpCall& call) {
  const ScalarFunction& function = *find_scalar_function(call.node->op);
  const std::size_t count = element_inputs(call);
  Shape shape = call.in(0).shape();
  for (std::size_t i = 1; i < count; ++i) {
    const auto both = broadcast(shape, call.in(i).shape());
    if (!both) call.fail("shapes " + text(shape) + " and " + text(call.in(i).shape()) + " do not broadcast");
    shape = *both;
  }
  const Element type = function.result == ScalarFunction::Result::boolean ? Element::boolean
                       : function.result == ScalarFunction::Result::as_second ? call.in(1).type()
                                                                              : call.in(0).type();
  std::vector<ArraySpec> specs{{type, shape}};
  if (call.node->op == "Dropout" && call.node->outputs.size() > 1) specs.push_back({Element::boolean, shape});
  return specs;
}

void compute(const OpCall& call, std::span<const ArrayView> outputs) {
  const ScalarFunction& function = *find_scalar_function(call.node->op);
  const std::size_t count = element_inputs(call);
  const auto parameters = scalar_parameters(function, call);
  const ArrayView& out = outputs[0];
  std::vector<Shape> strides;
  bool real = function.integer == nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    strides.push_back(broadcast_strides(call.in(i).shape(), out.shape()));
    real = real || is_floating(call.in(i).type());
  }
  const auto run = [&](auto read, auto write, auto f) {
    for_each_point(out.shape(), strides, [&](std::int64_t at, const std::vector<std::int64_t>& from) {
      auto value = read(call.in(0), from[0]);
      if (function.arity >= 0) {
        const auto b = count > 1 ? read(call.in(1), from[1]) : value;
        const auto c = count > 2 ? read(call.in(2), from[2]) : value;
        value = f(value, b, c);
      } else {
        for (std::size_t i = 1; i < count; ++i) value = f(value, read(call.in(i), from[i]), value);
      }
      write(out, at, value);
    });
  };
  if (real)
    run(read_real, write_real, [&](double a, double b, double c) { return function.real(a, b, c, parameters[0], parameters[1]); });
  else
    run(read_integer, write_integer, function.integer);
  if (outputs.size() > 1) std::fill_n(outputs[1].data, outputs[1].spec.bytes(), std::byte{1});
}

Element cast_target(const OpCall& call) {
  // TensorProto::DataType, which the attribute `to` holds.
  switch (call.node->integer("to", 0)) {
    case 1: return Element::f32;
    case 2: return Element::u8;
    case 3: return Element::i8;
    case 4: return Element::u16;
    case 5: return Element::i16;
    case 6: return Element::i32;
    case 7: return Element::i64;
    case 9: return Element::boolean;
    case 10: return Element::f16;
    case 11: return Element::f64;
    case 12: return Element::u32;
    case 13: return Element::u64;
    case 16: return Element::bf16;
    default: call.fail("casts to a type that is not supported");
  }
}

void cast(const OpCall& call, std::span<const ArrayView> outputs) {
  const ArrayView& from = call.in(0);
  const ArrayView& to = outputs[0];
  const bool integers = !is_floating(from.type()) && !is_floating(to.type());
  for (std::int64_t i = 0; i < to.elements(); ++i) {
    if (integers) {
      write_integer(to, i, read_integer(from, i));
      continue;
    }
    const double value = read_real(from, i);
    if (is_floating(to.type()) || to.type() == Element::boolean) write_real(to, i, value);
    else write_integer(to, i, std::abs(value) < 9.2e18 ? static_cast<std::int64_t>(value) : std::numeric_limits<std::int64_t>::min());
  }
}

}  // namespace

void add_elementwise(ReferenceOps& ops) {
  for (const char* op : {"Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "Sum", "Abs", "Neg", "Reciprocal",
                         "Exp", "Log", "Sqrt", "Erf", "Tanh", "Sin", "Cos", "Floor", "Ceil", "Round", "Sign", "Sigmoid",
                         "HardSigmoid", "HardSwish", "Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Softplus", "Softsign",
                         "Clip", "Gelu", "Mish", "Identity", "Dropout", "Not", "And", "Or", "Xor", "Equal", "Less",
                         "Greater", "LessOrEqual", "GreaterOrEqual", "IsNaN", "IsInf", "Where"})
    ops[op] = {infer, compute};
  ops["Cast"] = {[](const OpCall& call) -> std::optional<std::vector<ArraySpec>> {
                   return {{{cast_target(call), call.in(0).shape()}}};
                 },
                 cast};
}

}  // namespace perftune
