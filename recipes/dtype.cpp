#include "recipes/dtype.hpp"

#include <array>
#include <cmath>

namespace perftune {
namespace {

struct Facts {
  std::string_view name;
  std::size_t bytes;
  int mantissa_bits;  // explicit ones; 0 for integers
};

// In the order of the enumeration.
constexpr std::array<Facts, 11> kFacts = {{{"f64", 8, 52},
                                           {"f32", 4, 23},
                                           {"tf32", 4, 10},
                                           {"f16", 2, 10},
                                           {"bf16", 2, 7},
                                           {"f8e4m3", 1, 3},
                                           {"f8e5m2", 1, 2},
                                           {"i32", 4, 0},
                                           {"i8", 1, 0},
                                           {"u8", 1, 0},
                                           {"bool", 1, 0}}};

const Facts& facts(DType type) { return kFacts.at(static_cast<std::size_t>(type)); }

}  // namespace

std::string_view name(DType type) { return facts(type).name; }

std::optional<DType> parse_dtype(std::string_view text) {
  for (std::size_t i = 0; i < kFacts.size(); ++i)
    if (kFacts[i].name == text) return static_cast<DType>(i);
  return std::nullopt;
}

std::size_t size_bytes(DType type) { return facts(type).bytes; }

bool is_floating(DType type) { return facts(type).mantissa_bits > 0; }

double epsilon(DType type) {
  return is_floating(type) ? std::ldexp(1.0, -facts(type).mantissa_bits) : 0.0;
}

DType default_accumulator(DType type) {
  if (type == DType::f64) return DType::f64;
  return is_floating(type) ? DType::f32 : DType::i32;
}

}  // namespace perftune
