#include "codegen/cuda/mma_rules.hpp"

#include <algorithm>

#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr int kInstructionBytes = 32;  // of k, whatever the type
constexpr int kSumBytes = 4;           // f32 or i32
constexpr int kPairRegisters = 8;      // pairs of bytes on their way into words
constexpr int kScheduleRegisters = 24;  // where a stream stands, and its way out (64 x 64 warp tiles spill)

bool power_of_two(int x) { return x > 0 && (x & (x - 1)) == 0; }
int round_up(int x, int to) { return (x + to - 1) / to * to; }
bool byte_integer(DType type) { return type == DType::i8 || type == DType::u8; }
bool byte_float(DType type) { return type == DType::f8e4m3 || type == DType::f8e5m2; }

bool along_k(const Access& access) { return access.forms(Group::k).back() == StrideForm::unit; }

// As ContractionMma lays it out.
int shared_bytes(const ContractionTiles& t, int element, bool a_along_k, bool b_along_k) {
  const int tile_a = round_up(t.block_m * t.block_k * element, 128);
  const int tile_b = round_up(t.block_n * t.block_k * element, 128);
  const int line_b = (b_along_k ? t.block_k : t.block_n) * element;
  const int staging =
      round_up(t.stages * tile_a, std::max(128, line_b)) + t.stages * tile_b;
  const int sums = t.slice_k / 2 * t.block_m * t.block_n * kSumBytes;
  const int warps = t.warps() / t.slice_k;
  const bool pairs_a = element == 1 && !a_along_k, pairs_b = element == 1 && !b_along_k;
  const int padding = pairs_a == pairs_b ? 8 : pairs_a ? 4 : t.warp_n % 32 == 0 ? 16 : 0;
  const int output = warps * 16 * (t.warp_n + padding) * kSumBytes;
  return std::max({staging, sums, output, 16});
}

std::optional<std::string> bad_types(const Contraction& form, const Hardware& hardware) {
  const DType a = form.a.type, b = form.b.type;
  const bool integers = byte_integer(a) && byte_integer(b);
  const bool small_floats = byte_float(a) && byte_float(b);
  const bool same = a == b && (a == DType::f16 || a == DType::bf16 || a == DType::tf32);
  if (!integers && !small_floats && !same)
    return words("tensor cores do not multiply {} by {}", name(a), name(b));
  if (integers == is_floating(form.accumulate) || form.accumulate == DType::f64)
    return words("tensor cores do not add {} products in {}", name(a),
                       name(form.accumulate));
  const int from = small_floats ? 89 : a == DType::bf16 || a == DType::tf32 ? 80 : 75;
  if (hardware.compute_capability < from)
    return words("{} products need sm_{}", name(a), from);
  return std::nullopt;
}

std::optional<std::string> bad_operand(const char* name, const Access& access, int rows, int vector,
                                       const ContractionTiles& t) {
  const int element = static_cast<int>(size_bytes(access.type));
  const int line = along_k(access) ? t.block_k : rows;
  if (line % vector != 0) return words("vector_{0} does not divide the tile of {0}", name);
  if (!power_of_two(line) || line * element < 16)
    return words("lines of {} must be a power of two of 16-byte chunks", name);
  constexpr int most_loads = 16;
  if ((rows * t.block_k / vector + t.threads() - 1) / t.threads() > most_loads)
    return words("more than {} loads of {} per thread and step", most_loads, name);
  return std::nullopt;
}

// What a thread holds, in two sums: every value that is alive at once, below which it would spill,
// and what ptxas reports. The second is a least-squares fit (relative error) to bench/ptxas_sweep
// (`mma 2`) over sm_75, 80, 90a and 100 with CUDA 13.0: 91 % of 192 kernels lie within 20 % of it.
struct MmaRegisters {
  int needed = 0;
  int expected = 0;

  static MmaRegisters of(const Contraction& form, const ContractionTiles& t,
                         const ContractionPlan& plan, const Hardware& hardware) {
    const double sums = t.warp_m * t.warp_n / 32;
    const double fragments = 4 * (t.warp_m / 16 + t.warp_n / 16);
    const auto a = StagingRegisters::of(form.a, t.block_m, plan.a_along_k, t.vector_a, t, hardware);
    const auto b = StagingRegisters::of(form.b, t.block_n, plan.b_along_k, t.vector_b, t, hardware);
    const bool pairs = size_bytes(form.a.type) == 1 && !(plan.a_along_k && plan.b_along_k);
    const double offsets = a.row_offsets + b.row_offsets;
    const double held = a.held_words + b.held_words;
    MmaRegisters result;
    // Fragments twice: the next instruction's are loaded while this one's are used.
    result.needed = static_cast<int>(40 + sums + 2 * fragments + 2 * offsets + held +
                                     (pairs ? kPairRegisters : 0) +
                                     (t.stream_k != 0 ? kScheduleRegisters : 0));
    const double staging = 0.24 * offsets + 0.84 * held + 1.6 * (a.vectors + b.vectors);
    const double instruction = hardware.compute_capability < 80 ? -15.5 : 0;  // half the fragment
    result.expected = static_cast<int>(23 + 0.77 * sums + 3.4 * fragments + staging + instruction +
                                       (pairs ? kPairRegisters : 0) +
                                     (t.stream_k != 0 ? kScheduleRegisters : 0));
    return result;
  }
};

}  // namespace

std::optional<std::string> MmaContractionRules::unsuitable(const Contraction& form,
                                                             const ContractionTiles& t,
                                                             const Hardware& hardware) const {
  if (auto why = bad_types(form, hardware)) return why;
  if (t.warp_m % 16 != 0 || t.warp_n % 16 != 0) return "warp tiles must be multiples of 16 x 16";
  const int element = static_cast<int>(size_bytes(form.a.type));
  if (!power_of_two(t.slice_k) || t.block_k * element % (kInstructionBytes * t.slice_k) != 0)
    return "block_k must be whole instructions of 32 bytes for each slice";
  if (t.cluster_m != 1 || t.cluster_n != 1 || t.swap != 0 || t.producers != 0 || t.tensor_store != 0 ||
      t.promote != 0)
    return "clusters, swap, producers, tensor_store and promote are not implemented for this target";
  if (auto why = bad_streams(form, t)) return why;
  if (t.warp_n % t.vector_c != 0) return "vector_c must divide warp_n";
  if (auto why = bad_operand("a", form.a, t.block_m, t.vector_a, t)) return why;
  return bad_operand("b", form.b, t.block_n, t.vector_b, t);
}

ContractionPlan MmaContractionRules::plan(const Contraction& form, const ContractionTiles& t,
                                            const Hardware& hardware) const {
  ContractionPlan plan;
  plan.a_along_k = along_k(form.a);
  plan.b_along_k = along_k(form.b);
  plan.shared_bytes = shared_bytes(t, static_cast<int>(size_bytes(form.a.type)), plan.a_along_k,
                                   plan.b_along_k);
  plan.persistent = t.stream_k != 0;

  const MmaRegisters registers = MmaRegisters::of(form, t, plan, hardware);
  const LaunchBound bound = LaunchBound::of(registers.needed, t, hardware);
  plan.needed_registers = registers.needed;
  plan.min_blocks = bound.min_blocks;
  plan.expected_registers = std::min(registers.expected, bound.registers);
  return plan;
}

// Nobody waits for another block, so that a grid with more blocks than fit is slower and no worse.
void MmaContractionRules::complete(const Contraction& form, const ContractionTiles& t,
                                     const ContractionPlan& plan, const Hardware& hardware,
                                     Launch& launch) const {
  if (!plan.persistent) return;
  const std::int64_t by_shared =
      hardware.sm.shared_bytes / (plan.shared_bytes + hardware.sm.shared_bytes_reserved);
  const std::int64_t per_sm = std::max<std::int64_t>(1, std::min<std::int64_t>(plan.min_blocks, by_shared));
  make_persistent(form, t, hardware.sms * per_sm, launch);
}

}  // namespace perftune
