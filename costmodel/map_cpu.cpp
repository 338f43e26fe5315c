#include "costmodel/map_cpu.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"
#include "costmodel/cpu_caches.hpp"
#include "costmodel/map_work.hpp"

namespace perftune {
namespace {

constexpr double kForkJoinUs = 2.0;
constexpr double kRowCycles = 12;          // addresses of one run of the innermost axis
constexpr double kLaneCycles = 1.2;        // per element that is not contiguous
constexpr double kDividedLaneCycles = 9;   // with divisions in its subscript
constexpr double kCrossedCycles = 0.5;     // per element and operand turned in registers
constexpr double kOneSquareCycles = 0.4;   // the same where a tile is one square wide: no loop over squares
constexpr double kPieceCycles = 1;         // per contiguous piece of a crossing tile
constexpr double kCrowdedPieceCycles = 12; // the same where the pieces lie a multiple of pages apart
constexpr double kTileCycles = 40;         // coordinates of a crossing tile
constexpr double kStreamedRunCycles = 80;  // ends of a run that streaming leaves to cached stores
constexpr double kMissCycles = 8;           // a line from beyond L2, several at once
constexpr double kLineBytes = 64;

double ceil_div(double a, double b) { return std::ceil(a / b); }

bool divides_along(const MapAccess& read, std::size_t axis) {
  const auto in = [&](const MapIndex& index) {
    return std::any_of(index.atoms.begin(), index.atoms.end(),
                       [&](const MapIndex::Atom& atom) { return atom.operand[0].depends_on(axis); });
  };
  return in(read.offset) || std::any_of(read.bounds.begin(), read.bounds.end(),
                                        [&](const MapAccess::Bound& b) { return in(b.index); });
}

struct Cycles {
  double issue = 0;        // per point
  double extra_bytes = 0;  // per point, of lines fetched for a part of them
};

Cycles of_operand(const MapForm& form, const MapAccess& read, const CpuMapTiles& t, const CpuCaches& caches,
                  double lanes) {
  const std::size_t inner = form.inner();
  const auto bytes = static_cast<double>(size_bytes(read.type));
  const double convert = read.type == form.scalar ? 0 : 2 / lanes;
  if (!read.offset_varies(inner)) return {0, 0};
  if (t.across > 0 && crosses(form, read, static_cast<std::size_t>(t.across - 1))) {
    const auto cycles = [&](std::int64_t stride) {
      return CpuCaches::crowds(stride * static_cast<std::int64_t>(bytes)) ? kCrowdedPieceCycles : kPieceCycles;
    };
    const std::int64_t written = form.results.front().access.offset.coefficient[static_cast<std::size_t>(t.across - 1)];
    return {(t.tile_x <= lanes ? kOneSquareCycles : kCrossedCycles) + 1 / lanes + cycles(written) / t.tile_x + cycles(read.offset.coefficient[inner]) / t.tile_y,
            std::max(0.0, kLineBytes / (t.tile_y * bytes) - 1) * bytes};
  }
  if (read.contiguous(inner)) return {1 / lanes + convert, 0};
  const double cycles = divides_along(read, inner) ? kDividedLaneCycles : kLaneCycles;
  // A column of lines is used again by the next run while it stays in L2, which large powers of two
  // between its lines prevent.
  const std::int64_t stride = std::abs(read.offset.coefficient[inner]) * static_cast<std::int64_t>(bytes);
  const bool stays = caches.level_of_strided(static_cast<double>(form.extents[inner]), kLineBytes, stride) <=
                     CacheLevel::l2;
  return {stays ? cycles : cycles + kMissCycles, stays ? 0 : kLineBytes - bytes};
}

Prediction predict_one(const Operator& op, const MapForm& form, const CpuMapTiles& t,
                       const Hardware& hardware, const Resources&) {
  const int threads = std::max(1, std::min(t.tasks, hardware.cpu.cores));
  const CpuCaches caches = CpuCaches::of(hardware, threads);
  const auto points = static_cast<double>(form.points());
  const double element = form.scalar == DType::f64 ? 8 : 4;
  const double lanes = hardware.cpu.simd_bits / 8.0 / element;
  const auto inner = static_cast<double>(form.extents.back());

  double issue = map_operations(form) / lanes / 2, extra = 0;
  for (const MapAccess& read : form.reads) {
    const Cycles c = of_operand(form, read, t, caches, lanes);
    issue += c.issue;
    extra += c.extra_bytes;
  }
  for (const MapResult& result : form.results)
    issue += (result.access.type == form.scalar ? 1 : 3) / lanes;
  if (t.unroll == 1) issue += 0.5 / lanes;
  // A run ends with a part of a vector.
  const double run = t.across > 0 ? std::min<double>(t.tile_x, inner) : std::min<double>(t.segment, inner);
  issue *= ceil_div(run, lanes) * lanes / run;
  const double run_cycles = kRowCycles + (t.stream != 0 ? kStreamedRunCycles : 0);
  const double rows = points * (t.across > 0 ? kTileCycles / (t.tile_x * t.tile_y) : run_cycles / run);

  const double reads = form.read_bytes(op) + extra * points, writes = form.write_bytes(op);
  const double total = reads + writes;
  CacheLevel level = caches.level_of(total / threads);
  if (level >= CacheLevel::l3 && total <= 0.75 * static_cast<double>(caches.l3_bytes)) level = CacheLevel::l3;
  else if (level >= CacheLevel::l3) level = CacheLevel::dram;
  // A cached store reads its line first; one past the caches goes to DRAM wherever the rest lies.
  const double allocate = level == CacheLevel::dram ? 2 : 1;
  const double passing = level == CacheLevel::dram ? caches.dram_bytes_per_cycle
                                                   : caches.streaming_bytes_per_cycle(total / threads);
  double memory = reads / passing;
  double dram_bytes = level == CacheLevel::dram ? reads : 0;
  if (t.stream != 0) {
    memory += writes / caches.dram_bytes_per_cycle;
    dram_bytes += writes;
  } else {
    memory += allocate * writes / passing;
    if (level == CacheLevel::dram) dram_bytes += allocate * writes;
  }

  Prediction out;
  const double us = 1 / (caches.clock_ghz * 1e3 * threads);
  const char* names[] = {"l1", "l2", "l3", "dram"};
  out.breakdown.push_back({t.stream != 0 && level != CacheLevel::dram ? "dram" : names[static_cast<int>(level)],
                           memory * us, true});
  out.breakdown.push_back({"issue", issue * points * us, true});
  out.breakdown.push_back({"rows", rows * us, false});
  out.breakdown.push_back({"threads", t.tasks > 1 ? kForkJoinUs : 0.05, false});
  out.us = std::max(memory, issue * points) * us + 0.15 * std::min(memory, issue * points) * us + rows * us +
           out.breakdown.back().us;
  out.limiter = std::ranges::max_element(out.breakdown, {}, &StageTime::us)->stage;
  out.low_us = out.us * 0.7, out.high_us = out.us * 1.5;
  out.occupancy = 1, out.waves = 1;
  out.dram_bytes = dram_bytes, out.l2_bytes = level >= CacheLevel::l2 ? total : 0;
  if (out.limiter == "dram" || out.limiter == "l3" || out.limiter == "l2")
    out.advice = "memory bound: fuse it with the operator before or after, or store narrower types";
  else if (out.limiter == "issue")
    out.advice = "arithmetic or scattered elements bound: contiguous operands along the innermost axis would help";
  else
    out.advice = "short: threads and runs cost as much as the elements";
  return out;
}

}  // namespace

std::vector<Prediction> MapCpuModel::predict(const Operator& op, const Hardware& hardware,
                                             std::span<const TileProgram> programs,
                                             std::span<const Resources> resources) const {
  const CanonicalMap canonical = canonicalise_map(op);
  if (!canonical.form) return std::vector<Prediction>(programs.size());
  std::vector<Prediction> all;
  for (std::size_t i = 0; i < programs.size(); ++i)
    all.push_back(predict_one(op, *canonical.form, CpuMapTiles::from(programs[i]), hardware, resources[i]));
  return all;
}

}  // namespace perftune
