#include "models/array.hpp"

#include <algorithm>
#include <cstring>

#include "recipes/number_format.hpp"

namespace perftune {
namespace {

struct Facts {
  std::string_view name;
  std::size_t bytes;
  std::optional<DType> kernel;
};

const Facts& facts(Element type) {
  static const Facts all[] = {{"f32", 4, DType::f32},   {"f64", 8, DType::f64},  {"f16", 2, DType::f16},
                              {"bf16", 2, DType::bf16}, {"i64", 8, {}},          {"i32", 4, DType::i32},
                              {"i16", 2, {}},           {"i8", 1, DType::i8},    {"u64", 8, {}},
                              {"u32", 4, {}},           {"u16", 2, {}},          {"u8", 1, DType::u8},
                              {"bool", 1, DType::boolean}};
  return all[static_cast<std::size_t>(type)];
}

// Calls f with a value of the C++ type that stores `type`; halves are not among them.
template <class F>
auto with_type(Element type, F f) {
  switch (type) {
    case Element::f64: return f(double{});
    case Element::i64: return f(std::int64_t{});
    case Element::i32: return f(std::int32_t{});
    case Element::i16: return f(std::int16_t{});
    case Element::i8: return f(std::int8_t{});
    case Element::u64: return f(std::uint64_t{});
    case Element::u32: return f(std::uint32_t{});
    case Element::u16: return f(std::uint16_t{});
    case Element::u8:
    case Element::boolean: return f(std::uint8_t{});
    default: return f(float{});
  }
}

bool is_half(Element type) { return type == Element::f16 || type == Element::bf16; }

template <class To>
To get(const ArrayView& array, std::int64_t at) {
  if (is_half(array.type()))
    return static_cast<To>(decode(*kernel_type(array.type()), array.data + 2 * at));
  return with_type(array.type(), [&](auto t) {
    std::memcpy(&t, array.data + at * static_cast<std::int64_t>(sizeof t), sizeof t);
    return static_cast<To>(t);
  });
}

template <class From>
void put(const ArrayView& array, std::int64_t at, From value) {
  if (array.type() == Element::boolean) {
    array.data[at] = std::byte{value != From{}};
    return;
  }
  if (is_half(array.type())) {
    encode(*kernel_type(array.type()), static_cast<double>(value), array.data + 2 * at);
    return;
  }
  with_type(array.type(), [&](auto t) {
    t = static_cast<decltype(t)>(value);
    std::memcpy(array.data + at * static_cast<std::int64_t>(sizeof t), &t, sizeof t);
    return 0;
  });
}

}  // namespace

std::string_view name(Element type) { return facts(type).name; }
std::size_t size_bytes(Element type) { return facts(type).bytes; }
bool is_floating(Element type) { return type <= Element::bf16; }
std::optional<DType> kernel_type(Element type) { return facts(type).kernel; }

std::int64_t elements_of(const Shape& shape) {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) product *= extent;
  return product;
}

std::string text(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string all;
  for (const std::int64_t extent : shape) all += (all.empty() ? "" : "x") + std::to_string(extent);
  return all;
}

std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) return std::nullopt;
    result[result.size() - 1 - i] = x == 1 ? y : x;
  }
  return result;
}

Shape row_major_strides(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

double read_real(const ArrayView& array, std::int64_t at) { return get<double>(array, at); }
void write_real(const ArrayView& array, std::int64_t at, double value) { put(array, at, value); }
std::int64_t read_integer(const ArrayView& array, std::int64_t at) { return get<std::int64_t>(array, at); }
void write_integer(const ArrayView& array, std::int64_t at, std::int64_t value) { put(array, at, value); }

std::vector<std::int64_t> integers(const ArrayView& array) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < array.elements(); ++i) values.push_back(read_integer(array, i));
  return values;
}

Array make_integers(const std::vector<std::int64_t>& values) {
  Array array({Element::i64, {static_cast<std::int64_t>(values.size())}});
  if (!values.empty()) std::memcpy(array.data.data(), values.data(), array.data.size());
  return array;
}

}  // namespace perftune
