// One operand's tile as TMA writes it and wgmma reads it: panels of one swizzle span.
//
// An operand keeps the direction in which it is contiguous in global memory. Along k a panel is
// [rows][span] with `span` bytes of k, else [depth][span] with `span` bytes of rows; the span is the
// widest of 128, 64, 32 and 16 bytes of which a line is whole multiples. Panels start at multiples of
// eight lines, so that the swizzle, which is one of absolute addresses, begins anew in each.
#pragma once

#include "perftune/wgmma.cuh"

namespace pt {

// Operand: the source's printed struct. Rows x Depth elements.
template <class Operand, int Rows, int Depth>
struct TensorTile {
  using Element = typename Operand::Element;
  static constexpr int element_bytes = static_cast<int>(sizeof(Element));
  static constexpr int lines = Operand::along_k ? Rows : Depth;
  static constexpr int line_bytes = (Operand::along_k ? Depth : Rows) * element_bytes;
  static constexpr int span = line_bytes % 128 == 0  ? 128
                              : line_bytes % 64 == 0 ? 64
                              : line_bytes % 32 == 0 ? 32
                                                     : 16;
  static constexpr int panels = line_bytes / span;
  static constexpr int panel_bytes = lines * span;
  static constexpr int bytes = panels * panel_bytes;
  static constexpr int room = ceil_div(bytes, 1024) * 1024;  // where the next tile may start
  static constexpr Swizzle swizzle = span == 128  ? Swizzle::bytes_128
                                     : span == 64 ? Swizzle::bytes_64
                                     : span == 32 ? Swizzle::bytes_32
                                                  : Swizzle::none;
  static_assert(line_bytes % 16 == 0 && lines % 8 == 0, "lines of 16-byte chunks, in eights");
  static_assert(!Operand::along_k || span >= 32, "an instruction's k lies in one panel");

  // Starts copies of part `part` of Parts of the tile at (first_row, first_k), to byte `tile` of every
  // block whose bit is set in `blocks`, each counted at its own `barrier`. One thread.
  template <int Parts, class Params>
  static PT_DEVICE void load(const Params& params, i32 batch, i32 first_row, i32 first_k, i32 part,
                             u32 tile, u32 barrier, u32 blocks) {
    static_assert(lines % (8 * Parts) == 0, "parts of whole swizzle patterns");
    const i32 line = part * (lines / Parts);
    PT_UNROLL
    for (int p = 0; p < panels; ++p) {
      const i32 across = p * (span / element_bytes);
      i32 at[Operand::rank];
      Operand::locate(params, batch, first_row + (Operand::along_k ? line : across),
                      first_k + (Operand::along_k ? across : line), at);
      const u32 to = tile + static_cast<u32>(p * panel_bytes + line * span);
      if constexpr (Parts == 1)
        tma_load(Operand::map(params), to, barrier, at);
      else
        tma_load_multicast(Operand::map(params), to, barrier, at, blocks);
    }
  }

  // Of rows `row` ... (a multiple of the span) and 32-byte piece `i` of k, of the tile at `tile`.
  static PT_DEVICE u64 descriptor(u32 tile, i32 row, int i) {
    if constexpr (Operand::along_k) {
      const u32 at = static_cast<u32>(i * 32 / span * panel_bytes + i * 32 % span + row * span);
      return wgmma_descriptor(tile + at, 16, 8 * span, swizzle);
    } else {
      const u32 at = static_cast<u32>(row * element_bytes / span * panel_bytes +
                                      i * (32 / element_bytes) * span);
      return span == 16 ? wgmma_descriptor(tile + at, 8 * span, panel_bytes, swizzle)
                        : wgmma_descriptor(tile + at, panel_bytes, 8 * span, swizzle);
    }
  }
};

}  // namespace pt
