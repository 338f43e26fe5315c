// What outputs hold before a launch, so that an element that a kernel does not write is seen:
// NaN in every floating type, an unlikely number in integer ones. One repeated byte, so that a
// device can fill memory with it.
#pragma once

#include <cstddef>

#include "recipes/dtype.hpp"

namespace perftune {

constexpr std::byte poison(DType type) {
  switch (type) {
    case DType::i32:
    case DType::i8:
    case DType::u8:
    case DType::boolean:
      return std::byte{0xA5};
    default:
      return std::byte{0xFF};
  }
}

}  // namespace perftune
