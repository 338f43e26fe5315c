// Arrays as ONNX has them: an element type, a shape and bytes in row-major order. Wider than
// DType: shapes and indices of models are i64, which kernels never see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/dtype.hpp"

namespace perftune {

enum class Element : std::uint8_t { f32, f64, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };

using Shape = std::vector<std::int64_t>;

std::string_view name(Element type);  // "f32", "i64", ...
std::size_t size_bytes(Element type);
bool is_floating(Element type);
// What a kernel calls it; nullopt for types that kernels have not (i64, i16, u16, u32, u64).
std::optional<DType> kernel_type(Element type);

std::int64_t elements_of(const Shape& shape);
std::string text(const Shape& shape);  // "1x3x48"
// Right-aligned broadcast of both (ONNX, "Multidirectional Broadcasting"); nullopt: they do not fit.
std::optional<Shape> broadcast(const Shape& a, const Shape& b);
Shape row_major_strides(const Shape& shape);  // in elements

struct ArraySpec {
  Element type = Element::f32;
  Shape shape;

  std::int64_t elements() const { return elements_of(shape); }
  std::size_t bytes() const { return static_cast<std::size_t>(elements()) * size_bytes(type); }
  bool operator==(const ArraySpec&) const = default;
};

// Somebody else's memory, or, with `data` null, an array of which only type and shape are known.
struct ArrayView {
  ArraySpec spec;
  std::byte* data = nullptr;

  const Shape& shape() const { return spec.shape; }
  Element type() const { return spec.type; }
  std::int64_t elements() const { return spec.elements(); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
};

struct Array {
  ArraySpec spec;
  std::vector<std::byte> data;

  Array() = default;
  explicit Array(ArraySpec of) : spec(std::move(of)), data(spec.bytes()) {}
  ArrayView view() const { return {spec, const_cast<std::byte*>(data.data())}; }
};

// One element as a number. Integers wider than 2^53 lose bits as doubles: use the other one.
double read_real(const ArrayView& array, std::int64_t at);
void write_real(const ArrayView& array, std::int64_t at, double value);
std::int64_t read_integer(const ArrayView& array, std::int64_t at);
void write_integer(const ArrayView& array, std::int64_t at, std::int64_t value);
// All elements; for the small arrays that hold shapes, axes and indices.
std::vector<std::int64_t> integers(const ArrayView& array);
Array make_integers(const std::vector<std::int64_t>& values);  // i64, one dimension

}  // namespace perftune
