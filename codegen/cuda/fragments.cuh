// Operand tiles in shared memory as tensor cores read them, and the reading.
//
// Every type is seen as rows of 32 bytes of k per instruction: 8 tf32, 16 halves, 32 bytes. A
// fragment of 16 rows is four words per lane; with g = lane / 4, t = lane % 4
//   word 0: row g,     bytes 4t .. 4t + 3 of k     word 2: row g,     bytes 16 + 4t ...
//   word 1: row g + 8, the same                    word 3: row g + 8, the same
// As A that is one operand of 16 x k; as B two columns tiles of 8: words {0, 2} and {1, 3}.
//
// A tile keeps the direction in which its operand is contiguous in global memory. Along k, and
// across it for 16-bit types, ldmatrix reads it; across k, words of tf32 are read one by one. Bytes
// across k are transposed in pairs of rows: ldmatrix moves each pair as one 16-bit element, two byte
// permutations take the pairs apart. Rows 2g and 2g + 1 of the tile then are rows g and g + 8 of the
// fragment (`paired_rows`): sums are put right where they leave (PTX ISA 9.0, 9.7.14.5.15).
#pragma once

#include "perftune/mma.cuh"
#include "perftune/shared_tile.cuh"

namespace pt {

// Byte offsets of a tile: lines of a power of two of 16-byte chunks, the chunks of each permuted so
// that the eight lines of a matrix, or the lanes of a gather, meet no bank twice.
template <int ElementBytes, int Rows, int Depth, bool AlongK>
struct FragmentLayout {
  static constexpr int lines = AlongK ? Rows : Depth;
  static constexpr int line_bytes = (AlongK ? Depth : Rows) * ElementBytes;
  static constexpr int chunks = line_bytes / 16;
  static constexpr int bytes = ceil_div(lines * line_bytes, 128) * 128;
  static_assert(line_bytes % 16 == 0 && (chunks & (chunks - 1)) == 0,
                "lines are a power of two of 16-byte chunks");

  static constexpr PT_DEVICE u32 line_offset(int line) {
    const u32 chunk = static_cast<u32>(line * chunks);
    u32 key;
    if constexpr (AlongK || ElementBytes == 2)  // ldmatrix: eight neighbouring lines
      key = chunk / larger(8, chunks) & (smaller(8, chunks) - 1);
    else if constexpr (ElementBytes == 4)  // four lines of 32 bytes
      key = line % 4 * 2 & (chunks - 1);
    else if constexpr (chunks >= 8)  // lines 0, 1, 4, 5, 8, 9, 12, 13
      key = (line / 4 * 2 + line % 2) & 7;
    else
      key = line / 4 & (chunks - 1);
    return (chunk ^ key) * 16;
  }
  static constexpr PT_DEVICE u32 offset(int row, int k) {
    return AlongK ? line_offset(row) ^ static_cast<u32>(k * ElementBytes)
                  : line_offset(k) ^ static_cast<u32>(row * ElementBytes);
  }
};

// What a warp reads of one operand: Groups fragments of 16 rows.
template <class Operand, class Layout, int Groups>
class FragmentReader {
  using Element = typename Operand::Element;
  static constexpr int element_bytes = static_cast<int>(sizeof(Element));
  static constexpr int step = 32 / element_bytes;  // elements of k per instruction
  static constexpr bool by_matrix = Operand::along_k || element_bytes == 2;
  // Lane i names row i % 8 of matrix i / 8. Of bytes across k, whose rows are pairs: matrices 0 and 1 hold
  // the even and odd pairs of k of the first 16, so that a lane's four k are neighbours.
  static PT_DEVICE int pair_depth(int lane) {
    return lane / 16 * 16 + lane / 8 % 2 * 2 + lane % 8 / 2 * 4 + lane % 2;
  }
  // Along k the fragments lie 16 lines apart, which the permutation does not see.
  static constexpr int bases = Operand::along_k ? 1 : Groups;

 public:
  static constexpr bool paired_rows = !Operand::along_k && element_bytes == 1;

  PT_DEVICE explicit FragmentReader(i32 first_row) {
    const int lane = static_cast<int>(lane_index());
    PT_UNROLL
    for (int i = 0; i < bases; ++i) {
      const int row = first_row + i * 16;
      if constexpr (Operand::along_k)
        base_[i] = Layout::line_offset(row + lane % 16) ^ static_cast<u32>(lane / 16 * 16);
      else if constexpr (element_bytes == 2)
        base_[i] = Layout::offset(row + lane / 8 % 2 * 8, lane % 8 + lane / 16 * 8);
      else if constexpr (paired_rows)
        base_[i] = Layout::offset(row, pair_depth(lane));
      else
        base_[i] = Layout::offset(row + lane / 4, lane % 4);
    }
  }

  // The fragments of instruction `i` of the tile at byte `tile`, a multiple of line_bytes.
  PT_DEVICE void read(u32 tile, int i, u32 (&words)[Groups][4]) const {
    PT_UNROLL
    for (int group = 0; group < Groups; ++group) {
      if constexpr (Operand::along_k) {
        load_matrices<4>(words[group], ((tile + base_[0]) ^ static_cast<u32>(i * 32)) +
                                           static_cast<u32>(group * 16 * Layout::line_bytes));
      } else if constexpr (element_bytes == 2) {
        load_matrices<4, true>(words[group],
                               tile + base_[group] + static_cast<u32>(i * 16 * Layout::line_bytes));
      } else if constexpr (paired_rows) {
        u32 pairs[4];
        load_matrices<4, true>(pairs,
                               tile + base_[group] + static_cast<u32>(i * 32 * Layout::line_bytes));
        PT_UNROLL
        for (int half = 0; half < 2; ++half) {
          words[group][2 * half] = permute_bytes(pairs[2 * half], pairs[2 * half + 1], 0x6420);
          words[group][2 * half + 1] = permute_bytes(pairs[2 * half], pairs[2 * half + 1], 0x7531);
        }
      } else {
        gather(tile + base_[group] + static_cast<u32>(i * step * Layout::line_bytes),
               words[group]);
      }
      if constexpr (is_same<Element, tf32>) round(words[group]);
    }
  }

 private:
  // Words 1 and 3 lie 8 rows on; words 2 and 3 half an instruction's k on, where the permutation is the same.
  static PT_DEVICE void gather(u32 from, u32 (&words)[4]) {
    constexpr u32 eight_rows = 8 * element_bytes;
    constexpr u32 half = static_cast<u32>(step / 2 * Layout::line_bytes);
    words[0] = shared_load<u32>(from);
    words[1] = shared_load<u32>(from ^ eight_rows);
    words[2] = shared_load<u32>(from + half);
    words[3] = shared_load<u32>((from ^ eight_rows) + half);
  }
  // A tensor core would truncate.
  static PT_DEVICE void round(u32 (&words)[4]) {
#if PT_ARCH >= 800
    PT_UNROLL
    for (int i = 0; i < 4; ++i) words[i] = to_tf32(bit_cast<f32>(words[i])).bits;
#endif
  }

  u32 base_[bases];
};

// sum += a * b, 16 x 8, over 32 bytes of k. Turing's instructions are smaller, but their fragments
// are parts of the same.
template <class A, class B, class Sum>
PT_DEVICE void multiply_fragments(Sum (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  constexpr int k = 32 / static_cast<int>(sizeof(A));
  if constexpr (PT_ARCH >= 800) {
    const u32 b[2] = {b0, b1};
    Mma<A, B, Sum, 16, k>::run(sum, a, b);
  } else if constexpr (sizeof(A) == 2) {
    const u32 first_a[2] = {a[0], a[1]}, first_b[1] = {b0};
    const u32 second_a[2] = {a[2], a[3]}, second_b[1] = {b1};
    Mma<A, B, Sum, 16, 8>::run(sum, first_a, first_b);
    Mma<A, B, Sum, 16, 8>::run(sum, second_a, second_b);
  } else {
    Sum low[2] = {sum[0], sum[1]}, high[2] = {sum[2], sum[3]};
    PT_UNROLL
    for (int half = 0; half < 2; ++half) {
      const u32 top[1] = {a[2 * half]}, bottom[1] = {a[2 * half + 1]};
      const u32 b[1] = {half == 0 ? b0 : b1};
      Mma<A, B, Sum, 8, 16>::run(low, top, b);
      Mma<A, B, Sum, 8, 16>::run(high, bottom, b);
    }
    sum[0] = low[0], sum[1] = low[1], sum[2] = high[0], sum[3] = high[1];
  }
}

}  // namespace pt
