#include "codegen/cuda/wgmma_rules.hpp"

#include <algorithm>
#include <array>

#include "codegen/cuda/contraction_legality.hpp"
#include "codegen/cuda/tensor_operand.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr int kProducers = 4;           // warps: registers are given and taken by whole warpgroups
constexpr int kInstructionRows = 64;
constexpr int kInstructionBytes = 32;   // of k, whatever the type
constexpr std::array kWidths{8, 16, 32, 64, 96, 128, 192, 256};  // those of wgmma.cuh
constexpr int kReservedBytes = 1024;    // of shared memory, by the system, for each block
constexpr int kMostTaken = 240;         // registers per consumer thread: what setmaxnreg is asked for

// Beside the sums, in a thread that multiplies and stores: addresses, one vector of the epilogue; its
// operands on the way (192 sums, a bias and 40 registers spill 68 bytes; bench/ptxas_sweep top_candidates).
constexpr int kOverheadRegisters = 40;
constexpr int kOperandRegisters = 16;
constexpr int kWideIndexRegisters = 8;

// The tile seen as the instruction does.
struct Products {
  int rows, width;       // of the block
  int warp_rows, warp_width;
  explicit Products(const ContractionTiles& t)
      : rows(t.swap != 0 ? t.block_n : t.block_m),
        width(t.swap != 0 ? t.block_m : t.block_n),
        warp_rows(t.swap != 0 ? t.warp_n : t.warp_m),
        warp_width(t.swap != 0 ? t.warp_m : t.warp_n) {}
  int per_warpgroup() const { return warp_rows / 16; }
  int sums() const { return per_warpgroup() * width / 2; }  // per thread
};

TensorOperand operand_a(const Contraction& form, const ContractionTiles& t) {
  return {form, form.a, Group::m, t.block_m, t.block_k};
}
TensorOperand operand_b(const Contraction& form, const ContractionTiles& t) {
  return {form, form.b, Group::n, t.block_n, t.block_k};
}

TensorOutput output(const Contraction& form, const ContractionTiles& t) {
  return {form, Products(t).width};
}

// As warpgroup_epilogue.cuh stages one warp's sums.
int staging_bytes(const Contraction& form, const ContractionTiles& t) {
  if (t.tensor_store != 0) return 2 * 16 * output(form, t).span_bytes();
  const int columns = std::min(32, Products(t).width);
  return (t.swap != 0 ? columns * 20 : 16 * (columns + 8)) * 4;
}

// As contraction_wgmma.cuh lays it out: ring, staging, mbarriers, a word for split k.
int shared_bytes(const Contraction& form, const ContractionTiles& t) {
  const int stage = operand_a(form, t).room() + operand_b(form, t).room();
  return t.stages * (stage + 16) + t.warps() * staging_bytes(form, t) + 16;
}

// Registers per thread at launch, and after the producers gave theirs away (0: nobody does).
struct Registers {
  int launch, producer = 0, consumer = 0;
  Registers(int blocks, const ContractionTiles& t) : launch(LaunchBound::registers_at(blocks, t)) {
    const int given = launch >= 96 ? 40 : 24;
    const int taken = (launch * t.threads() - given * kProducers * 32) / (t.warps() * 32) / 8 * 8;
    if (launch >= kMostTaken || taken <= launch) return;
    producer = given;
    consumer = std::min(kMostTaken, taken);
  }
  int available() const { return consumer == 0 ? launch : consumer; }
};

// As many blocks per SM as shared memory, threads and the registers that they need allow.
int resident_blocks(int shared, int needed, const ContractionTiles& t, const Hardware& hardware) {
  int blocks = std::max(1, std::min(2048 / t.threads(),
                                    static_cast<int>(hardware.sm.shared_bytes / (shared + kReservedBytes))));
  // ptxas refuses an instruction whose sums and 26 more do not fit the registers at launch (C7602).
  const auto too_few = [&](int at) {
    const Registers registers(at, t);
    return registers.available() < needed || registers.launch < Products(t).width / 2 + 26;
  };
  while (blocks > 1 && too_few(blocks)) --blocks;
  return blocks;
}

bool small_float(DType t) { return t == DType::f8e4m3 || t == DType::f8e5m2; }

std::optional<std::string> bad_types(const Contraction& form, const ContractionTiles& t) {
  const DType a = form.a.type, b = form.b.type;
  if (t.promote < 0 || (t.promote > 0 && !small_float(a))) return "promote is for 8-bit floats";
  const bool integers = a == b && (a == DType::i8 || a == DType::u8);
  const bool floats = (a == b && (a == DType::f16 || a == DType::bf16 || a == DType::tf32)) ||
                      (small_float(a) && small_float(b));
  if (!integers && !floats) return words("wgmma does not multiply {} by {}", name(a), name(b));
  if (integers == is_floating(form.accumulate) || form.accumulate == DType::f64)
    return words("wgmma does not add {} products in {}", name(a), name(form.accumulate));
  return std::nullopt;
}

std::optional<std::string> bad_tile(const ContractionTiles& t, int element) {
  const Products p(t);
  if (t.producers != kProducers) return "one warpgroup of producers is what the kernel has";
  if (std::find(kWidths.begin(), kWidths.end(), p.width) == kWidths.end())
    return words("no wgmma is {} columns wide", p.width);
  if (p.warp_width != p.width) return "a warpgroup multiplies the whole width of the block";
  if (p.warp_rows % 16 != 0 || p.rows % (4 * p.warp_rows) != 0)
    return "rows of a block are 64 for each product of each warpgroup";
  if (t.block_k * element % kInstructionBytes != 0 || t.block_k * element > 256)
    return "block_k must be whole instructions of 32 bytes, at most 256";
  if (p.rows > 256) return "a box of TMA has at most 256 rows";
  if (t.slice_k != 1) return "slice_k is not implemented for this target";
  if (t.vector_a != 1 || t.vector_b != 1) return "TMA copies: vector_a and vector_b have no meaning";
  if (t.tensor_store != 0)
    return t.swap != 0 || t.vector_c != 2
               ? std::optional<std::string>("tensor_store takes pairs of n, and no swap")
               : std::nullopt;
  const int staged = t.swap != 0 ? 16 : std::min(32, p.width);
  if (staged % t.vector_c != 0) return words("vector_c must divide {}", staged);
  return std::nullopt;
}

std::optional<std::string> bad_cluster(const ContractionTiles& t, const TensorOperand& a,
                                       const TensorOperand& b, bool batched) {
  const auto part = [](int x) { return x == 1 || x == 2 || x == 4; };
  if (!part(t.cluster_m) || !part(t.cluster_n) || t.cluster_m * t.cluster_n > 4)
    return "clusters are of 1, 2 or 4 blocks";
  if (a.lines() % (8 * t.cluster_n) != 0 || b.lines() % (8 * t.cluster_m) != 0)
    return "a cluster's blocks load at least eight lines of a tile each";
  if (batched && t.cluster_m * t.cluster_n > 1 && (a.map(1).rank > 3 || b.map(1).rank > 3))
    return "multicast copies have at most 3 dimensions";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> WgmmaContractionRules::unsuitable(const Contraction& form,
                                                               const ContractionTiles& t,
                                                               const Hardware& hardware) const {
  if (hardware.compute_capability != 90) return "wgmma needs sm_90a";
  if (auto why = bad_types(form, t)) return why;
  if (auto why = bad_tile(t, static_cast<int>(size_bytes(form.a.type)))) return why;
  const TensorOperand a = operand_a(form, t), b = operand_b(form, t);
  if (auto why = a.bad_structure()) return why;
  if (auto why = b.bad_structure()) return why;
  if (t.tensor_store != 0)
    if (auto why = output(form, t).bad_structure()) return why;
  return bad_cluster(t, a, b, !form.group(Group::batch).front().axes.empty());
}

std::optional<std::string> WgmmaContractionRules::misaligned(const Contraction& form,
                                                               const ContractionTiles& t,
                                                               const ContractionPlan&) const {
  const TensorOperand a = operand_a(form, t), b = operand_b(form, t);
  if (auto why = a.bad_strides()) return why;
  if (auto why = b.bad_strides()) return why;
  if (t.tensor_store != 0)
    if (auto why = output(form, t).bad_strides()) return why;
  const TileGrid grid = tile_grid(form, t);
  if (grid.split_depth * (t.split_k - 1) >= form.extent(Group::k)) return "a split of k would be empty";
  if (auto why = bad_streams(form, t)) return why;
  return bad_vectors(form, t, a.along_k(), b.along_k());
}

ContractionPlan WgmmaContractionRules::plan(const Contraction& form, const ContractionTiles& t,
                                              const Hardware& hardware) const {
  ContractionPlan plan;
  plan.a_along_k = operand_a(form, t).along_k();
  plan.b_along_k = operand_b(form, t).along_k();
  plan.tensor_copies = plan.persistent = true;
  plan.shared_bytes = shared_bytes(form, t);
  plan.needed_registers = Products(t).sums() * (t.promote > 0 ? 2 : 1) + kOverheadRegisters +
                          (form.extra.empty() ? 0 : kOperandRegisters) +
                          (t.index_bits == 64 ? kWideIndexRegisters : 0);
  plan.min_blocks = resident_blocks(plan.shared_bytes, plan.needed_registers, t, hardware);
  const Registers registers(plan.min_blocks, t);
  plan.producer_registers = registers.producer;
  plan.consumer_registers = registers.consumer;
  plan.available_registers = registers.available();
  plan.expected_registers = registers.consumer > 0 ? registers.launch : std::min(registers.launch, plan.needed_registers);
  return plan;
}

void WgmmaContractionRules::complete(const Contraction& form, const ContractionTiles& t,
                                       const ContractionPlan& plan, const Hardware& hardware,
                                       Launch& launch) const {
  const int cluster = t.cluster_m * t.cluster_n;
  make_persistent(form, t, std::int64_t{hardware.sms} * plan.min_blocks, launch);
  launch.cluster = {cluster, 1, 1};
  launch.tensor_maps = {operand_a(form, t).map(t.cluster_n), operand_b(form, t).map(t.cluster_m)};
  if (t.tensor_store != 0) launch.tensor_maps.push_back(output(form, t).map());
}

}  // namespace perftune
