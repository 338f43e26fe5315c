#include "costmodel/instruction_rates.hpp"

#include <algorithm>
#include <cmath>

namespace perftune {
namespace {

constexpr double kWarpThreads = 32;

// FLOP per cycle and SM that the pipe sustains at its own reference clock.
double flops_per_cycle(const ContractionWork& w, InstructionClass instruction, const Hardware& hw,
                       const GpuParameters& p) {
  if (instruction == InstructionClass::simt) {
    // Narrow inputs are widened on load; the FMA runs in the accumulator's type.
    double peak = hw.peak_tflops(w.accumulate, Pipe::scalar);
    if (peak <= 0) peak = hw.peak_tflops(DType::f32, Pipe::scalar);
    return peak * 1e3 / (hw.sms * hw.boost_ghz);
  }
  double rate = hw.peak_tflops(w.multiply, Pipe::tensor) * 1e3 / (hw.sms * hw.tensor_ghz);
  if (instruction == InstructionClass::mma && hw.compute_capability >= 90)
    rate *= hw.compute_capability < 100 ? p.mma_share_sm90
            : hw.compute_capability < 120 ? p.mma_share_sm100
                                          : 1;
  return rate;
}

// Shared bytes that the warps of a block read in one k step.
double fragment_read_bytes(const ContractionWork& w, const ContractionTiles& t,
                           InstructionClass instruction) {
  const double warps_m = double(t.block_m) / t.warp_m, warps_n = double(t.block_n) / t.warp_n;
  const double a = w.a.element_bytes, b = w.b.element_bytes;
  if (instruction == InstructionClass::wgmma) {
    // Operands stay in shared memory: each 64-row instruction reads its rows of one and all of the other.
    return t.swap != 0 ? (t.block_n * b + std::ceil(t.block_n / 64.0) * t.block_m * a) * t.block_k
                       : (t.block_m * a + std::ceil(t.block_m / 64.0) * t.block_n * b) * t.block_k;
  }
  const double once = (warps_n * t.block_m * a + warps_m * t.block_n * b) * t.block_k;
  if (instruction == InstructionClass::mma) return once;
  // Lanes of a quarter warp that read one address share a wavefront; the others do not. A warp of
  // 4 x 8 threads covers its tile at best twice as fast as lane by lane.
  const double lanes = kWarpThreads * (warps_m * warps_n) *
                       (t.thread_m * a + t.thread_n * b) * t.block_k;
  return std::max(once, lanes / 2);
}

double issue_slots(const ContractionWork& w, const ContractionTiles& t,
                   InstructionClass instruction, bool async_copies) {
  const double outputs = double(t.block_m) * t.block_n * t.block_k;
  const double copies = double(t.block_k) * (double(t.block_m) / t.vector_a + double(t.block_n) / t.vector_b) /
                        kWarpThreads;
  const double warps = t.warps();
  const double loop = 12 * warps;  // addresses, predicates, barrier, branch
  // Without cp.async a copy is a load, a predicate and a store.
  const double copy_slots = copies * (async_copies ? 2 : 4) + loop;
  switch (instruction) {
    case InstructionClass::simt: {
      const double fma = outputs / kWarpThreads;
      const double pairs = double(t.block_k) * double(t.block_m / t.warp_m) * (t.block_n / t.warp_n);
      const double loads = pairs * (std::ceil(t.thread_m * w.a.element_bytes / 16) +
                                    std::ceil(t.thread_n * w.b.element_bytes / 16));
      return fma + loads + copy_slots;
    }
    case InstructionClass::mma: {
      // m16n8k16 on 16-bit inputs; k scales with the width.
      const double mma = outputs / (16 * 8 * 32 / w.a.element_bytes);
      const double ldmatrix = fragment_read_bytes(w, t, instruction) / 512;
      return mma + ldmatrix + copy_slots;
    }
    case InstructionClass::wgmma: break;
  }
  const double promoted = t.promote > 0 ? double(t.block_m) * t.block_n / kWarpThreads / t.promote : 0;
  return loop + promoted;  // one thread issues TMA, one instruction per warpgroup and 64 x n x 16 product
}

}  // namespace

InstructionRates instruction_rates(const ContractionWork& w, const PipelineProgram& program,
                                   const Hardware& hw, const GpuParameters& p) {
  const ContractionTiles& t = program.tiles;
  const InstructionClass instruction = program.instruction;
  InstructionRates r;
  // With a known power limit the clock follows from it; else the sustained figure stands.
  r.clock_ghz = instruction == InstructionClass::simt || hw.power_watts > 0 ? hw.boost_ghz : hw.tensor_ghz;
  const double flops = 2.0 * t.block_m * t.block_n * t.block_k;
  r.math_cycles = flops / (flops_per_cycle(w, instruction, hw, p) * p.math_efficiency);
  const double writes = (t.block_m * w.a.element_bytes + t.block_n * w.b.element_bytes) * t.block_k;
  // Reads and the copies' writes share the banks. For 128 x 256 tiles of 16-bit types by wgmma both take
  // all of them at the tensor peak, for narrower ones more.
  const double contended = instruction == InstructionClass::wgmma ? p.wgmma_write_share : 1;
  r.shared_cycles = (fragment_read_bytes(w, t, instruction) + contended * writes) /
                    hw.sm.shared_bytes_per_clock;
  r.issue_cycles = issue_slots(w, t, instruction, hw.compute_capability >= 80) / hw.sm.sub_partitions;
  if (instruction != InstructionClass::simt)
    r.chain_cycles = p.mma_latency_cycles * t.block_k * w.a.element_bytes / 32 / t.slice_k;
  const double warps_per_scheduler = std::max(1.0, double(t.warps()) / hw.sm.sub_partitions);
  r.sync_cycles = instruction == InstructionClass::simt ? p.step_cycles_simt
                  : instruction == InstructionClass::wgmma
                      ? p.step_cycles_wgmma
                      : p.step_ns_mma * hw.boost_ghz / std::pow(warps_per_scheduler, p.step_hiding_mma);
  return r;
}

}  // namespace perftune
