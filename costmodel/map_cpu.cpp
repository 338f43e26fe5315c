#include "costmodel/map_cpu.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"
#include "costmodel/cpu_caches.hpp"
#include "costmodel/cpu_functions.hpp"

namespace perftune {
namespace {

constexpr double kForkJoinUs = 0.17;       // a pool that still spins from the call before
constexpr double kRowCycles = 12;          // addresses of one run of the innermost axis
constexpr double kBoundCycles = 6;         // where its reads leave their tensor: per bound
constexpr double kCrowding = 0.3;          // of arithmetic, loads and stores: what does not overlap the longest
constexpr double kOneByOneCycles = 0.25;   // per vector, where steps are not unrolled
constexpr double kLaneCycles = 1.0;        // per element that is not contiguous
constexpr double kDividedLaneCycles = 9;   // with divisions in its subscript
constexpr double kCrossedCycles = 0.42;    // per element and operand turned in registers
constexpr double kOneSquareCycles = 0.33;  // the same where a tile is one square wide: no loop over squares
constexpr double kPieceCycles = 1;         // per contiguous piece of a crossing tile
constexpr double kCrowdedWriteCycles = 20; // the same, written, where pieces lie a multiple of pages apart and
constexpr double kCrowdedReadCycles = 6;   // are more than the ways of L1; and read
constexpr double kTileCycles = 40;         // coordinates of a crossing tile
constexpr double kStreamedRunCycles = 80;  // ends of a run that streaming leaves to cached stores
constexpr double kMissCycles = 8;           // a line from beyond L2, several at once
constexpr double kPageBytes = 4096;
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
  double arithmetic = 0, loads = 0, stores = 0;  // per point, of vectors; units of their own
  double elements = 0;                           // of loads one by one, which a part of a vector does not round up
  double extra_bytes = 0;                        // of lines fetched for a part of them

  // With parts of vectors counted as whole ones, `rounding` times as many.
  double issue(double rounding) const {
    const double all_loads = loads * rounding + elements, compute = arithmetic * rounding, out = stores * rounding;
    const double longest = std::max({compute, all_loads, out});
    return longest + kCrowding * (compute + all_loads + out - longest);
  }
};

// Vector instructions that widen an element, or narrow it.
double widening(DType stored, DType scalar) { return stored == scalar ? 0 : stored == DType::bf16 ? 4 : 2; }
double narrowing(DType stored, DType scalar) { return stored == scalar ? 0 : stored == DType::bf16 ? 10 : 4; }

// A piece of a crossing tile, one of `pieces` that lie `stride` elements of `bytes` apart.
double piece_cycles(std::int64_t stride, double bytes, double pieces, double crowded, const CpuCaches& caches) {
  if (!CpuCaches::crowds(stride * static_cast<std::int64_t>(bytes))) return kPieceCycles;
  const double ways = static_cast<double>(caches.l1_bytes) / kPageBytes;
  return kPieceCycles + crowded * std::max(0.0, 1 - ways / pieces);
}

void add_operand(Cycles& c, const MapForm& form, const MapAccess& read, const CpuMapTiles& t,
                 const CpuCaches& caches, double lanes) {
  const std::size_t inner = form.inner();
  const auto bytes = static_cast<double>(size_bytes(read.type));
  if (!read.offset_varies(inner)) return;
  if (t.across > 0 && crosses(form, read, static_cast<std::size_t>(t.across - 1))) {
    const std::int64_t written = form.results.front().access.offset.coefficient[static_cast<std::size_t>(t.across - 1)];
    c.elements += (t.tile_x <= lanes ? kOneSquareCycles : kCrossedCycles) + 1 / lanes +
               piece_cycles(written, bytes, t.tile_y, kCrowdedWriteCycles, caches) / t.tile_x +
               piece_cycles(read.offset.coefficient[inner], bytes, t.tile_x, kCrowdedReadCycles, caches) / t.tile_y;
    c.extra_bytes += std::max(0.0, kLineBytes / (t.tile_y * bytes) - 1) * bytes;
    return;
  }
  if (read.contiguous(inner)) {
    c.loads += 0.5 / lanes;
    c.arithmetic += widening(read.type, form.scalar) / 2 / lanes;
    return;
  }
  const double cycles = divides_along(read, inner) ? kDividedLaneCycles : kLaneCycles;
  // A column of lines is used again by the next run while it stays in L2, which large powers of two
  // between its lines prevent.
  const std::int64_t stride = std::abs(read.offset.coefficient[inner]) * static_cast<std::int64_t>(bytes);
  const bool stays = caches.level_of_strided(static_cast<double>(form.extents[inner]), kLineBytes, stride) <=
                     CacheLevel::l2;
  c.elements += stays ? cycles : cycles + kMissCycles;
  c.extra_bytes += stays ? 0 : kLineBytes - bytes;
}

// Vector instructions of a value at each point: what does not vary along a run is computed once for it.
struct Varying {
  bool along = false;
  double instructions = 0;
};
Varying varying(const MapForm& form, const Expr& e) {
  Varying all;
  switch (e.kind) {
    case Expr::Kind::read:
      for (std::size_t i = 0; i < form.reads.size(); ++i)
        if (form.read_exprs[i].get() == &e)
          all.along = form.reads[i].offset_varies(form.inner()) || form.reads[i].bounds_vary(form.inner());
      return all;
    case Expr::Kind::axis:
      all.along = form.axis_values[static_cast<std::size_t>(e.axis)].depends_on(form.inner());
      return all;
    case Expr::Kind::apply:
      for (const ExprPtr& arg : e.args) {
        const Varying part = varying(form, *arg);
        all.along |= part.along;
        all.instructions += part.instructions;
      }
      if (all.along) all.instructions += cpu_vector_instructions(e.function);
      return all;
    default:
      return all;
  }
}

Prediction predict_one(const Operator& op, const MapForm& form, const CpuMapTiles& t,
                       const Hardware& hardware, const Resources&) {
  const int threads = std::max(1, std::min(t.tasks, hardware.cpu.cores));
  const CpuCaches caches = CpuCaches::of(hardware, threads);
  const auto points = static_cast<double>(form.points());
  const double element = form.scalar == DType::f64 ? 8 : 4;
  const double lanes = hardware.cpu.simd_bits / 8.0 / element;
  const auto inner = static_cast<double>(form.extents.back());

  Cycles c;
  for (const MapResult& result : form.results)
    c.arithmetic += (varying(form, *result.value).instructions + narrowing(result.access.type, form.scalar)) / 2 / lanes;
  std::size_t bounds = 0;
  for (const MapAccess& read : form.reads) {
    add_operand(c, form, read, t, caches, lanes);
    bounds += read.bounds.size();
  }
  c.stores += static_cast<double>(form.results.size()) / lanes;
  const bool crossing = t.across > 0;
  // A run ends with a part of a vector.
  const double run = crossing ? std::min<double>(t.tile_x, inner) : std::min<double>(t.segment, inner);
  const double rounding = ceil_div(run, lanes) * lanes / run;
  const double per_point = c.issue(rounding) + (t.unroll == 1 ? kOneByOneCycles / lanes * rounding : 0);
  const double run_cycles = kRowCycles + kBoundCycles * static_cast<double>(bounds) + (t.stream != 0 ? kStreamedRunCycles : 0);
  const double rows_per_point = crossing ? kTileCycles / (t.tile_x * t.tile_y) : run_cycles / run;
  // Whole pieces are dealt out: the largest share decides.
  const double across = crossing ? static_cast<double>(form.extents[static_cast<std::size_t>(t.across - 1)]) : 1;
  const double pieces = points / inner / across * ceil_div(inner, crossing ? t.tile_x : t.segment) * ceil_div(across, crossing ? t.tile_y : 1);
  const double uneven = std::max(1.0, ceil_div(t.tasks, threads) * ceil_div(pieces, t.tasks) * threads / pieces);

  const double reads = form.read_bytes(op) + c.extra_bytes * points, writes = form.write_bytes(op);
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
    // Stores to DRAM go on beside loads from caches.
    const double written = writes / caches.dram_bytes_per_cycle;
    memory = level == CacheLevel::dram ? memory + written : std::max(memory, written) + kCrowding * std::min(memory, written);
    dram_bytes += writes;
  } else {
    memory += allocate * writes / passing;
    if (level == CacheLevel::dram) dram_bytes += allocate * writes;
  }
  const double issue = per_point * points * uneven, rows = rows_per_point * points * uneven;

  Prediction out;
  const double us = 1 / (caches.clock_ghz * 1e3 * threads);
  const char* names[] = {"l1", "l2", "l3", "dram"};
  out.breakdown.push_back({t.stream != 0 && level != CacheLevel::dram ? "dram" : names[static_cast<int>(level)],
                           memory * us, true});
  out.breakdown.push_back({"issue", issue * us, true});
  out.breakdown.push_back({"rows", rows * us, true});
  out.breakdown.push_back({"threads", t.tasks > 1 ? kForkJoinUs : 0.05, false});
  out.us = (std::max(memory, issue + rows) + 0.15 * std::min(memory, issue + rows)) * us + out.breakdown.back().us;
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
