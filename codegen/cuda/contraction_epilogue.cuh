// What happens between a finished sum and the stored element: reads of the epilogue's operands.
//
// The scalar expression itself is printed into the source (codegen/scalar_printer.hpp).
#pragma once

#include "perftune/scalar.cuh"

namespace pt {

// Such a load. InPlace: registers are short, it is not to move up (global_load_in_place).
template <bool InPlace, class V>
PT_DEVICE V epilogue_load(const V* from, bool valid) {
  if constexpr (InPlace)
    return global_load_in_place(from, valid);
  else
    return global_load(from, valid);
}

// Elements (batch, m, n .. n + N) of an operand that is indexed like the output: one vector where
// it runs along n, one element where it does not depend on n. Zeros where `valid` is false.
template <class Operand, int N, bool InPlace = false, class Params>
PT_DEVICE Vec<typename Operand::Element, N> load_along_n(const Params& params, i32 batch, i32 m,
                                                         i32 n, bool valid) {
  using Element = typename Operand::Element;
  const Element* row = Operand::data(params) +
                       (Operand::batch(params, batch) + Operand::row(params, m));
  Vec<Element, N> all;
  if constexpr (Operand::one_per_row) {
    const Element one = epilogue_load<InPlace>(row, valid);
    PT_UNROLL
    for (int v = 0; v < N; ++v) all[v] = one;
  } else if constexpr (Operand::along_n) {
    const Element* from = row + Operand::column(params, n);
    constexpr int width = smaller(N, 16 / static_cast<int>(sizeof(Element)));
    PT_UNROLL
    for (int v = 0; v < N; v += width) {
      const auto part = epilogue_load<InPlace>(
          reinterpret_cast<const Vec<Element, width>*>(from + v), valid);
      PT_UNROLL
      for (int i = 0; i < width; ++i) all[v + i] = part[i];
    }
  } else {
    PT_UNROLL
    for (int v = 0; v < N; ++v)
      all[v] = epilogue_load<InPlace>(row + Operand::column(params, n + v), valid);
  }
  return all;
}

}  // namespace pt
