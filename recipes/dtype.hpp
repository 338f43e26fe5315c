// Data types of tensors and accumulators. Values only; conversions are in number_format.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace perftune {

// tf32 is stored as f32 and multiplied with a 10-bit mantissa. boolean is one byte, 0 or 1.
enum class DType : std::uint8_t { f64, f32, tf32, f16, bf16, f8e4m3, f8e5m2, i32, i8, u8, boolean };

std::string_view name(DType type);                      // "f16", "bool", ...
std::optional<DType> parse_dtype(std::string_view text);
std::size_t size_bytes(DType type);
bool is_floating(DType type);

// Relative rounding step of one stored value (2^-p for p explicit mantissa bits); 0 for integers.
double epsilon(DType type);

// The usual accumulator: f64 for f64, i32 for integers and bool, f32 for everything else.
DType default_accumulator(DType type);

}  // namespace perftune
