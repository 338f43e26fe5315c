#include <algorithm>
#include <bit>

#include "codegen/cuda/simt_rules.hpp"

namespace perftune {
namespace {

int power_of_two_divisor(int x) { return x & -x; }
int round_up(int x, int to) { return (x + to - 1) / to * to; }

// TileLayout::bytes of shared_tile.cuh.
int tile_bytes(int rows, int depth, int element) { return round_up(rows * depth * element, 128); }

// The direction in which neighbouring threads read. A window (convolution with channels first) is
// contiguous both along its own innermost axis, of a few elements, and along the output's: the latter.
bool reads_along_k(const Access& access, Group spatial) {
  const auto& k = access.forms(Group::k);
  if (k.back() != StrideForm::unit) return false;
  return k.size() == 1 || access.forms(spatial).back() != StrideForm::unit;
}

bool byte_integer(DType type) { return type == DType::i8 || type == DType::u8; }

}  // namespace

SimtMapping SimtMapping::of(const Contraction& form, const ContractionTiles& t) {
  SimtMapping map;
  map.a_along_k = reads_along_k(form.a, Group::m);
  map.b_along_k = reads_along_k(form.b, Group::n);
  const int a = static_cast<int>(size_bytes(form.a.type));
  const int b = static_cast<int>(size_bytes(form.b.type));
  map.period_m = map.a_along_k ? 1 : std::min(power_of_two_divisor(t.thread_m), 16 / a);
  map.period_n = map.b_along_k ? t.vector_c : std::min(power_of_two_divisor(t.thread_n), 16 / b);
  map.period_n = std::max(map.period_n, t.vector_c);

  // Along k, a lane reads up to 16 bytes of each row at once, as registers allow: ptxas keeps 8 x 8
  // sums of 256 threads within 128 registers when these reads take no more than 16.
  map.dot4 = byte_integer(form.a.type) && byte_integer(form.b.type) &&
             form.accumulate == DType::i32 && t.block_k / t.slice_k % 4 == 0;
  const int widest = std::max(map.a_along_k ? a : 0, map.b_along_k ? b : 0);
  if (widest > 0) {
    map.depth_vector = std::min(16 / widest, power_of_two_divisor(t.block_k / t.slice_k));
    const int row_bytes = (map.a_along_k ? t.thread_m * a : 0) + (map.b_along_k ? t.thread_n * b : 0);
    const int least = std::max(1, 4 / widest);
    const int sums = t.thread_m * t.thread_n * (form.accumulate == DType::f64 ? 2 : 1);
    const int budget_words = std::clamp(80 - sums, 16, 32);
    while (map.depth_vector > least && row_bytes * map.depth_vector > budget_words * 4)
      map.depth_vector /= 2;
  }
  if (map.dot4) map.depth_vector = std::max(map.depth_vector, 4);

  const int first_b = round_up(t.stages * tile_bytes(t.block_m, t.block_k, a),
                               std::max(128, t.block_k * b));
  const int staging = first_b + t.stages * tile_bytes(t.block_n, t.block_k, b);
  const int sum_bytes = form.accumulate == DType::f64 ? 8 : 4;
  const int sum_tiles = t.slice_k / 2 * t.block_m * t.block_n * sum_bytes;
  map.shared_bytes = std::max({staging, sum_tiles, t.split_k > 1 ? 16 : 0});
  return map;
}

}  // namespace perftune
