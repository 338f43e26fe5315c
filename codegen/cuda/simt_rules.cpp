#include "codegen/cuda/simt_rules.hpp"

#include "recipes/words.hpp"

namespace perftune {
namespace {

bool power_of_two(int x) { return x > 0 && (x & (x - 1)) == 0; }

// What the device header's static_asserts demand of the tiles, as sentences.
std::optional<std::string> bad_shape(const ContractionTiles& t) {
  if (t.thread_m < 1 || t.thread_n < 1) return "thread_m and thread_n must be at least 1";
  if (t.warp_m % t.thread_m != 0 || t.warp_n % t.thread_n != 0 ||
      t.warp_m / t.thread_m * (t.warp_n / t.thread_n) != 32)
    return "a warp tile must be 32 thread tiles";
  if (!power_of_two(t.slice_k) || t.block_k % t.slice_k != 0)
    return "slice_k must be a power of two that divides block_k";
  if (t.stream_k != 0 || t.cluster_m != 1 || t.cluster_n != 1 || t.swap != 0 ||
      t.producers != 0 || t.tensor_store != 0)
    return "stream_k, clusters, swap, producers and tensor_store are for tensor-core targets";
  if (t.thread_n % t.vector_c != 0) return "vector_c must divide thread_n";
  return std::nullopt;
}

// A thread's share of one operand's tile, in vectors: each takes an address, a predicate and,
// where there is no cp.async, a register or more.
constexpr int kMostLoads = 16;
bool too_many_vectors(int rows, int depth, int vector, int threads) {
  return (rows * depth / vector + threads - 1) / threads > kMostLoads;
}

std::optional<std::string> bad_operand(const char* name, const Access& access, bool along_k,
                                       int rows, int vector, const ContractionTiles& t) {
  const int element = static_cast<int>(size_bytes(access.type));
  if (access.type == DType::tf32) return "tf32 products need a tensor core";
  if (access.type == DType::boolean) return words("{} is bool", name);
  if ((along_k ? t.block_k : rows) % vector != 0)
    return words("vector_{0} does not divide the tile of {0}", name);
  if (along_k && (!power_of_two(t.block_k) || t.block_k * element % 16 != 0))
    return words("block_k must be a power of two, and of {} whole 16-byte chunks", name);
  if (too_many_vectors(rows, t.block_k, vector, t.threads()))
    return words("more than {} loads of {} per thread and step", kMostLoads, name);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> SimtContractionRules::unsuitable(const Contraction& form,
                                                              const ContractionTiles& t,
                                                              const Hardware&) const {
  if (auto why = bad_shape(t)) return why;
  if (!is_floating(form.accumulate) && (is_floating(form.a.type) || is_floating(form.b.type)))
    return "floating-point operands cannot be accumulated in integers";
  const SimtMapping map = SimtMapping::of(form, t);
  if (auto why = bad_operand("a", form.a, map.a_along_k, t.block_m, t.vector_a, t)) return why;
  if (auto why = bad_operand("b", form.b, map.b_along_k, t.block_n, t.vector_b, t)) return why;
  if (!power_of_two(map.period_n) || t.thread_n % map.period_n != 0)
    return "vector_c and the vectors of b do not nest";
  return std::nullopt;
}

ContractionPlan SimtContractionRules::plan(const Contraction& form, const ContractionTiles& t,
                                             const Hardware& hardware) const {
  const SimtMapping map = SimtMapping::of(form, t);
  const SimtRegisters registers = SimtRegisters::of(form, t, map, hardware);
  return {.a_along_k = map.a_along_k,
          .b_along_k = map.b_along_k,
          .shared_bytes = map.shared_bytes,
          .needed_registers = registers.needed,
          .expected_registers = registers.expected,
          .min_blocks = registers.min_blocks};
}

}  // namespace perftune
