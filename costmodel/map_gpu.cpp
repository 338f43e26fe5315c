#include "costmodel/map_gpu.hpp"

#include <algorithm>
#include <cmath>

#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"
#include "costmodel/contraction_pipeline.hpp"
#include "costmodel/gpu_parameters.hpp"
#include "costmodel/map_work.hpp"
#include "costmodel/occupancy.hpp"
#include "costmodel/wave_traffic.hpp"

namespace perftune {
namespace {

constexpr double kRelativeError = 0.3;  // of log(measured / predicted), half width of the 90 % interval
constexpr double kSector = 32;
constexpr double kAddressOperations = 6;  // per operand and vector: coordinates, offset, predicate

// Bytes fetched in 32-byte sectors over bytes used, for a warp's accesses of one operand.
double sector_factor(const MapForm& form, const MapAccess& access, const GpuMapTiles& t, const Hardware& hw) {
  const std::size_t inner = form.inner();
  const auto bytes = static_cast<double>(size_bytes(access.type));
  if (t.across > 0 && crosses(form, access, static_cast<std::size_t>(t.across - 1))) {
    const double run = std::min<double>(t.tile, static_cast<double>(form.extents[static_cast<std::size_t>(t.across - 1)])) * bytes;
    return std::max(1.0, std::ceil(run / kSector) * kSector / run);
  }
  if (!access.offset_varies(inner)) return 1;
  const double inner_run = t.across > 0 ? std::min<double>(t.tile, static_cast<double>(form.extents[inner]))
                                        : static_cast<double>(form.extents[inner]);
  if (access.contiguous(inner)) {
    const double run = inner_run * bytes;
    // Runs that follow one another in memory share their sectors through the caches.
    return t.across > 0 ? std::max(1.0, std::ceil(run / kSector) * kSector / run) : 1;
  }
  // One element per sector; the others are used by later warps while the sectors stay in L2.
  const double live = static_cast<double>(form.extents[inner]) * kSector * hw.sms;
  const double misses = 1 - hit_share(live, hw.l2_mib * 1048576 * 0.5, hw.l2_mib * 1048576);
  return 1 + (kSector / bytes - 1) * misses;
}

Prediction predict_one(const Operator& op, const MapForm& form, const GpuMapTiles& t, const Hardware& hw,
                       const Resources& resources, const GpuParameters& p) {
  const MemoryPath path = memory_path(hw.compute_capability);
  const Occupancy o = occupancy(hw, t.threads, resources.registers, resources.shared_bytes);
  Prediction out;
  if (o.blocks == 0) {
    out.us = out.low_us = out.high_us = 1e12;
    out.limiter = "occupancy";
    return out;
  }
  const auto points = static_cast<double>(form.points());
  double fetched = 0, requested = 0, in_flight = 0;
  const double whole_reads = form.read_bytes(op);
  double listed = 0;
  for (const MapAccess& read : form.reads) {
    const auto bytes = static_cast<double>(size_bytes(read.type));
    double positions = 1;
    for (std::size_t a = 0; a < form.extents.size(); ++a)
      if (read.offset_varies(a)) positions *= static_cast<double>(form.extents[a]);
    const double unique = std::min(positions, static_cast<double>(read.elements)) * bytes;
    listed += unique;
    fetched += unique * sector_factor(form, read, t, hw);
    requested += points * bytes;
    in_flight += read.offset_varies(form.inner()) ? bytes : 0;
  }
  if (listed > 0) fetched *= std::min(1.0, whole_reads / listed);  // a tensor read twice comes once
  const double writes = form.write_bytes(op);

  const double blocks = t.across > 0
                            ? points / (static_cast<double>(t.tile) * t.tile)
                            : points / (static_cast<double>(t.threads) * t.items * t.vector);
  const double slots = static_cast<double>(hw.sms) * o.blocks;
  const double waves = std::max(1.0, std::ceil(blocks)) / slots;
  const double busy = std::min(1.0, std::ceil(blocks) / slots);
  // Little's law: bytes that resident threads have asked for, over the loaded latency.
  const double per_thread = std::max(in_flight, 1.0) *
                            (t.across > 0 ? static_cast<double>(t.tile) * t.tile / t.threads
                                          : static_cast<double>(t.vector) * t.items);
  const double flying = per_thread * t.threads * o.blocks * hw.sms * busy;
  const double latency_ns = path.dram_latency_ns * p.loaded_latency;
  const double share = path.gddr ? p.stream_share_gddr : p.stream_share_hbm;
  const double write_cost = path.gddr ? p.gddr_write_cost : p.hbm_write_cost;
  const double dram_gbps = hw.dram_gbps * share;
  const double dram_us = (fetched + writes * (1 + 0.5 * (write_cost - 1))) / dram_gbps * 1e-3;
  const double latency_us = fetched / std::max(1e-9, flying / latency_ns) * 1e-3;

  const double l2_gbps = hw.l2_gbps > 0 ? hw.l2_gbps
                                        : path.l2_bytes_per_clock_per_sm * hw.sms * hw.boost_ghz;
  const double l2_us = (std::min(requested, fetched * 2) + writes) / (l2_gbps * p.l2_share_simt) * 1e-3;
  // Issue: four warps a cycle and SM.
  const double per_point = map_operations(form) + (kAddressOperations * static_cast<double>(form.reads.size() +
                                                                                           form.results.size())) /
                                                      (t.across > 0 ? 1 : t.vector) + (t.across > 0 ? 8 : 0);
  const double wide = form.scalar == DType::f64 ? std::max(2.0, 0.5 * hw.peak_tflops(DType::f32, Pipe::scalar) /
                                                                    std::max(0.01, hw.peak_tflops(DType::f64, Pipe::scalar)))
                                                : 1;
  const double issue_us = points * per_point * wide / (128.0 * hw.sms * std::min(1.0, busy) * hw.boost_ghz) * 1e-3;
  const double shared_us = t.across > 0 ? points * 2 * 4 / (128.0 * hw.sms * hw.boost_ghz) * 1e-3 : 0;

  const double launch_us = launch_floor_us(hw, LaunchContext{}, p);
  const double fill_us = path.dram_latency_ns * 1e-3 + p.block_start_cycles / hw.boost_ghz * 1e-3;
  const double slowest = std::max({dram_us, latency_us, l2_us, issue_us, shared_us});
  // Several waves: the last is partly empty, and each block waits for its own loads once.
  const double tail_us = waves > 1 ? slowest * (std::ceil(waves) / waves - 1) * 0.5 : 0;

  out.breakdown = {{"dram", dram_us, true},     {"l2", l2_us, true},           {"shared", shared_us, true},
                   {"issue", issue_us, true},   {"load latency", latency_us, true},
                   {"launch", launch_us, false}, {"prologue", fill_us, false}, {"tail", tail_us, false}};
  // Nothing overlaps perfectly: among equals the program with fewer instructions.
  out.us = slowest + launch_us + fill_us + tail_us + 0.1 * (issue_us == slowest ? 0 : issue_us);
  out.low_us = out.us / (1 + kRelativeError), out.high_us = out.us * (1 + kRelativeError);
  out.limiter = std::ranges::max_element(out.breakdown, {}, &StageTime::us)->stage;
  out.occupancy = o.fraction;
  out.waves = waves;
  out.dram_bytes = fetched + writes;
  out.l2_bytes = requested + writes;
  out.advice = out.limiter == "load latency"
                   ? "more bytes in flight: more items per thread or wider vectors"
               : out.limiter == "dram" ? "memory bound: fuse it with the operator before or after"
               : out.limiter == "launch" || out.limiter == "prologue"
                   ? "short: a graph launch, or fusion with its neighbours, would help"
                   : "no single change gains 1 %";
  return out;
}

}  // namespace

std::vector<Prediction> MapGpuModel::predict(const Operator& op, const Hardware& hardware,
                                             std::span<const TileProgram> programs,
                                             std::span<const Resources> resources) const {
  const CanonicalMap canonical = canonicalise_map(op);
  if (!canonical.form) return std::vector<Prediction>(programs.size());
  const GpuParameters parameters;
  std::vector<Prediction> all;
  for (std::size_t i = 0; i < programs.size(); ++i)
    all.push_back(predict_one(op, *canonical.form, GpuMapTiles::from(programs[i]), hardware, resources[i],
                              parameters));
  return all;
}

}  // namespace perftune
