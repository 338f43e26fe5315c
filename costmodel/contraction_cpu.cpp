#include "costmodel/contraction_cpu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "codegen/contraction.hpp"
#include "codegen/cpu/contraction_scalars.hpp"
#include "codegen/cpu/cpu_tiles.hpp"
#include "costmodel/cpu_caches.hpp"

namespace perftune {
namespace {

// Costs measured with the kernels of codegen/cpu/device on Zen 5, cycles unless said otherwise.
constexpr double tile_overhead = 30;        // call, addresses, filling and draining the pipeline
constexpr double fork_join_us = 0.45;       // one parallel step of threads that wait actively
constexpr double pack_cycles_per_vector = 2.5;       // copied in order
constexpr double transpose_cycles_per_vector = 7;    // 64 shuffles for 16 vectors, and their loads
constexpr double scatter_cycles_per_element = 3;     // any other layout or conversion
constexpr double page_walk_cycles = 6;      // a step that touches a new page each time
constexpr double unprefetched_stream = 0.40;  // of bandwidth: rows of B too far apart for hardware
constexpr double prefetched_stream = 0.80;
// Rows of A in place whose distance puts them into one L1 set: 2048^3 on one thread took 7 to 19 %
// longer than with A packed, in three interleaved comparisons on a loaded machine.
constexpr double conflicting_rows = 0.30;

double ceil_div(double a, double b) { return std::ceil(a / b); }

constexpr double piece_cycles = 5;          // a masked load, a store and the loop for a piece of a run
constexpr double turn_cycles = 100;         // a block of lanes x lanes: shuffles, masked stores of 16 lines
constexpr double strided_pack = 2;          // times as long where columns are not neighbours

struct Problem {
  double batch, m, n, k, lanes, element_bytes;
  double right_run = 0;                 // columns of a convolution's row, packed piece by piece; 0: not so
  double right_step = 1;                // between such columns
  double staged = 0;                    // elements of padded copies
  double out_run = 0;                   // columns of the output that lie side by side; 0: all
  bool left_transposed, right_transposed, left_scattered, right_scattered;
  std::int64_t left_stride_bytes, right_stride_bytes;  // between rows of A, rows (steps) of B
  CpuLimits cpu;
};

Problem describe(const Contraction& form, const CpuTiles& tiles, const Hardware& hardware) {
  Problem p;
  p.batch = static_cast<double>(form.extent(Group::batch));
  p.m = static_cast<double>(form.extent(Group::m));
  p.n = static_cast<double>(form.extent(Group::n));
  p.k = static_cast<double>(form.extent(Group::k));
  p.cpu = hardware.cpu;
  const auto bytes = static_cast<std::int64_t>(size_bytes(form.accumulate));
  p.element_bytes = static_cast<double>(bytes);
  p.lanes = hardware.cpu.simd_bits / 8.0 / p.element_bytes;
  const CpuOperand a(form, form.a, "left", tiles.edges_a), b(form, form.b, "right", tiles.edges_b);
  const bool left_plain = readable_in_place(form.a, tiles.edges_a, form.accumulate);
  const bool right_plain = readable_in_place(form.b, tiles.edges_b, form.accumulate);
  const char left = contiguous_group(form.a, {Group::k, Group::m});
  const char right = contiguous_group(form.b, {Group::n, Group::k});
  p.left_transposed = left != 'm' && form.a.forms(Group::k).back() == StrideForm::unit;
  p.right_transposed = right == 'k';
  p.left_scattered = !left_plain || (left == '0' && !p.left_transposed);
  p.right_scattered = !right_plain;
  if (right == '0' && right_plain) {
    p.right_run = static_cast<double>(b.run(Group::n));
    p.right_step = static_cast<double>(b.stride(Group::n, form.group(Group::n).size() - 1));
    p.right_scattered = p.right_step > 2;
  }
  p.left_stride_bytes = a.stride(Group::m, form.group(Group::m).size() - 1) * bytes;
  p.right_stride_bytes = b.linear_stride(Group::k).value_or(b.stride(Group::k, form.group(Group::k).size() - 1)) * bytes;
  if (contiguous_group(form.c, {Group::n}) != 'n')
    p.out_run = form.c.forms(Group::n).back() == StrideForm::unit
                    ? static_cast<double>(CpuOperand(form, form.c, "out").run(Group::n)) : 1;
  if (a.staged()) p.staged += static_cast<double>(form.a.wide.elements());
  if (b.staged()) p.staged += static_cast<double>(form.b.wide.elements());
  return p;
}

// The largest task's part of the work.
struct Share {
  double batch, m, n, k;
};

Share largest_share(const Problem& p, const CpuTiles& t) {
  const double grain_n = static_cast<double>(t.register_n) * (t.form == CpuTiles::dot ? 1 : p.lanes);
  const auto part = [](double extent, double grain, double parts) {
    return std::min(extent, ceil_div(ceil_div(extent, grain), parts) * grain);
  };
  return {part(p.batch, 1, static_cast<double>(t.threads_b)),
          part(p.m, static_cast<double>(t.register_m), static_cast<double>(t.threads_m)),
          part(p.n, grain_n, static_cast<double>(t.threads_n)),
          ceil_div(p.k, static_cast<double>(t.split_k))};
}

// Cycles of one core by what it does; feeding overlaps with arithmetic, the rest does not.
struct Cycles {
  double math = 0, l1 = 0, l2 = 0, l3 = 0, dram = 0;
  double packing = 0, tiles = 0, output = 0;
  double l2_bytes = 0, dram_bytes = 0;

  void feed(const CpuCaches& caches, CacheLevel level, double bytes, double efficiency = 1) {
    const double cycles = bytes / (caches.bytes_per_cycle(level) * efficiency);
    if (level == CacheLevel::l1) l1 += cycles;
    if (level == CacheLevel::l2) l2 += cycles, l2_bytes += bytes;
    if (level == CacheLevel::l3) l3 += cycles, l2_bytes += bytes;
    if (level == CacheLevel::dram) dram += cycles, dram_bytes += bytes;
  }
};

// Cycles of one step of k in a register tile of rows x vectors.
double step_cycles(const CpuLimits& cpu, double rows, double vectors) {
  const double fma = rows * vectors / cpu.fma_per_cycle;
  const double loads = (rows + vectors) / 2;
  return std::max({fma, loads, static_cast<double>(cpu.fma_latency)});
}

double packing_cycles(const Problem& p, double elements, bool transposed, bool scattered) {
  if (scattered) return elements * scatter_cycles_per_element;
  return elements / p.lanes * (transposed ? transpose_cycles_per_vector : pack_cycles_per_vector);
}

// Bytes that all tasks touch: decides what is found in L3.
double footprint(const Problem& p) {
  return p.batch * (p.m * p.k + p.k * p.n + p.m * p.n) * p.element_bytes;
}

Cycles tile_cycles(const Problem& p, const CpuTiles& t, const Share& s, const CpuCaches& caches) {
  Cycles c;
  const double rm = static_cast<double>(t.register_m), rn = static_cast<double>(t.register_n);
  const double width = rn * p.lanes;
  const double depth = std::min(static_cast<double>(t.block_k), s.k);
  const double columns = std::min(static_cast<double>(t.block_n), s.n);
  const double rows = std::min(static_cast<double>(t.block_m), s.m);
  const double passes = ceil_div(s.k, depth), column_blocks = ceil_div(s.n, columns);
  const double row_tiles = ceil_div(s.m, rm);
  const double full = std::floor(s.n / width);
  const double tail = ceil_div(s.n - full * width, p.lanes);
  const double column_tiles = full + (tail > 0 ? 1 : 0);
  c.math = row_tiles * s.k *
           (full * step_cycles(p.cpu, rm, rn) + (tail > 0 ? step_cycles(p.cpu, rm, tail) : 0));

  const CacheLevel home = std::max(CacheLevel::l2, caches.level_of(footprint(p)));
  // B: a panel of `depth` steps is used by all row tiles in turn, or a whole block by each.
  const double b_reused = t.rows_inner != 0 ? width : columns;
  const double b_bytes = row_tiles * s.k * s.n * p.element_bytes;
  const double b_first = s.k * s.n * p.element_bytes;
  CacheLevel b_level = caches.level_of(depth * b_reused * p.element_bytes);
  double stream = 1;
  if (t.pack_b == 0) {
    b_level = caches.level_of_strided(depth, b_reused * p.element_bytes, p.right_stride_bytes);
    if (p.right_stride_bytes >= 4096) {
      stream = t.prefetch > 0 ? prefetched_stream : unprefetched_stream;
      if (depth > 96) c.tiles += row_tiles * column_tiles * s.k * page_walk_cycles /
                                 std::max(1.0, step_cycles(p.cpu, rm, rn) / 4);
    }
  }
  b_level = std::min(b_level, home);
  const CacheLevel b_home = t.pack_b != 0
      ? caches.level_of(depth * columns * p.element_bytes)
      : std::min(home, caches.level_of(b_first * static_cast<double>(t.threads_n)));
  c.feed(caches, b_level, b_bytes - b_first);
  c.feed(caches, std::max(b_level, t.pack_b != 0 ? b_home : home), b_first, stream);

  // A: passes by once per panel of B, or stays while a row of tiles uses it.
  const double a_reused = t.rows_inner != 0 ? rows : rm;
  const double a_bytes = column_tiles * s.m * s.k * p.element_bytes;
  const double a_first = s.m * s.k * p.element_bytes * column_blocks;
  CacheLevel a_level = caches.level_of(depth * (a_reused + (t.rows_inner != 0 ? b_reused : 0)) *
                                       p.element_bytes);
  a_level = std::min(a_level, home);
  const bool conflicts = t.pack_a == 0 && p.left_stride_bytes % 4096 == 0 && rm > 1;
  const double a_stream = conflicts ? conflicting_rows : 1;
  c.feed(caches, a_level, std::max(0.0, a_bytes - a_first), a_stream);
  c.feed(caches, std::max(a_level, home), std::min(a_first, a_bytes), a_stream);

  if (t.pack_b != 0) {
    c.packing += packing_cycles(p, s.k * s.n, p.right_transposed, p.right_scattered);
    if (p.right_run > 0 && !p.right_scattered) {
      const double pieces = s.k * s.n * (1 / p.right_run + 1 / width);
      c.packing += pieces * piece_cycles;
      if (p.right_step > 1) c.packing += (strided_pack - 1) * packing_cycles(p, s.k * s.n, false, false);
    }
    // What streams from beyond L2 evicts packed lines on its way: as much again.
    c.packing += b_first / caches.bytes_per_cycle(home) / (p.right_stride_bytes >= 4096 ? 0.7 : 1.0);
    if (home > CacheLevel::l2) c.packing += b_first / caches.bytes_per_cycle(home);
  }
  if (t.pack_a != 0) {
    c.packing += column_blocks * packing_cycles(p, s.m * s.k, p.left_transposed, p.left_scattered);
    c.packing += a_first / caches.bytes_per_cycle(home);
  }
  c.tiles += row_tiles * column_tiles * passes * tile_overhead;
  if (t.turned != 0) c.tiles += row_tiles * ceil_div(rm, p.lanes) * ceil_div(s.n, p.lanes) * turn_cycles;
  // Vectors that cross from one run of the output into the next are stored element by element.
  else if (p.out_run > 0 && std::fmod(p.out_run, p.lanes) != 0)
    c.tiles += std::min(1.0, (p.lanes - 1) / p.out_run) * s.m * s.n * scatter_cycles_per_element;
  double touches = (2 * passes - 1) * s.m * s.n * p.element_bytes;
  CacheLevel out = std::min(home, caches.level_of(s.m * columns * p.element_bytes));
  // An output that leaves the caches costs its bytes twice, as a line is read before it is written;
  // stores past the caches cost them once.
  if (p.batch * p.m * p.n * p.element_bytes > static_cast<double>(caches.l3_bytes)) {
    out = CacheLevel::dram;
    if (t.stream_c == 0) touches += s.m * s.n * p.element_bytes;
  }
  c.output += touches / caches.bytes_per_cycle(std::max(CacheLevel::l2, out));
  return c;
}

Cycles thin_cycles(const Problem& p, const CpuTiles& t, const Share& s, const CpuCaches& caches) {
  Cycles c;
  const double rm = static_cast<double>(t.register_m), rn = static_cast<double>(t.register_n);
  const double row_tiles = ceil_div(s.m, rm);
  const CacheLevel home = std::max(CacheLevel::l2, caches.level_of(footprint(p)));
  const CacheLevel b_home = std::min(home, caches.level_of(s.k * s.n * p.element_bytes));
  if (t.form == CpuTiles::dot) {
    const double tiles = row_tiles * ceil_div(s.n, rn);
    const double steps = ceil_div(s.k, p.lanes);
    c.math = tiles * steps * step_cycles(p.cpu, rm, rn);
    c.tiles = tiles * (tile_overhead + rm * rn * 10);  // adding up the lanes of each sum
  } else {
    const double steps = static_cast<double>(t.unroll);
    const double vectors = row_tiles * ceil_div(s.n, p.lanes);
    const double sweeps = ceil_div(s.k, steps);
    c.math = vectors * sweeps * std::max({rm * steps / p.cpu.fma_per_cycle, (steps + rm) / 2, rm});
    c.tiles = row_tiles * sweeps * tile_overhead * ceil_div(s.n, static_cast<double>(t.block_n));
  }
  // B is read once per row tile, in long streams.
  const double stream = t.prefetch > 0 ? 1.0 : 0.9;
  c.feed(caches, b_home, row_tiles * s.k * s.n * p.element_bytes, stream);
  c.output = s.m * s.n * p.element_bytes / caches.bytes_per_cycle(CacheLevel::l2);
  return c;
}

std::string advice_for(const std::string& limiter, const CpuTiles& t) {
  if (limiter == "math") return "arithmetic bound: only fewer wasted lanes or a wider type help";
  if (limiter == "dram") return t.prefetch == 0 ? "memory bound: prefetch B, or store it narrower"
                                                : "memory bound: store B in a narrower type";
  if (limiter == "packing") return "packing is not amortised: read the operand in place";
  if (limiter == "edges") return "copying the padded operand dominates: fewer, larger images per call";
  if (limiter == "threads") return "starting threads dominates: fewer threads, or batch the calls";
  if (limiter == "l2" || limiter == "l3") return "feeding bound: a larger register block or smaller block_k";
  if (limiter == "tiles") return "short tiles: a larger block_k, or read B in longer pieces";
  return "output bound: fewer passes over k";
}

Prediction predict_one(const Problem& p, const CpuTiles& t, const Hardware& hardware) {
  const auto threads = static_cast<int>(std::min<std::int64_t>(t.tasks(), hardware.cpu.cores));
  const CpuCaches caches = CpuCaches::of(hardware, threads);
  const Share s = largest_share(p, t);
  Cycles c = t.form == CpuTiles::tile ? tile_cycles(p, t, s, caches) : thin_cycles(p, t, s, caches);
  const double tasks_in_turn = ceil_div(static_cast<double>(t.tasks()), std::max(1, threads));
  const double us = s.batch * tasks_in_turn / (caches.clock_ghz * 1e3);

  Prediction out;
  const auto stage = [&](const char* name, double cycles, bool overlapped) {
    out.breakdown.push_back({name, cycles * us, overlapped});
  };
  stage("math", c.math, true);
  stage("l1", c.l1, true);
  stage("l2", c.l2, true);
  stage("l3", c.l3, true);
  stage("dram", c.dram, true);
  stage("packing", c.packing, false);
  stage("tiles", c.tiles, false);
  stage("output", c.output, false);
  double threads_us = t.tasks() > 1 ? fork_join_us * (t.split_k > 1 ? 2 : 1) : 0;
  if (t.split_k > 1)  // partial sums: written once, read once
    threads_us += p.batch * p.m * p.n * p.element_bytes * 2 / (caches.l2_bytes_per_cycle * caches.clock_ghz * 1e3);
  out.breakdown.push_back({"threads", threads_us, false});
  if (p.staged > 0) {  // read once, written once, by all tasks
    const double bytes = 2 * p.staged * p.element_bytes;
    const CacheLevel level = std::max(CacheLevel::l2, caches.level_of(bytes));
    out.breakdown.push_back({"edges", bytes / (caches.bytes_per_cycle(level) * caches.clock_ghz * 1e3 * threads) +
                                          (t.tasks() > 1 ? fork_join_us : 0), false});
  }

  // L2 and L3 feed the same ports one after the other; arithmetic hides behind the slower.
  const double feed = (c.l2 + c.l3 + c.dram) * us;
  double slowest = std::max({c.math * us, c.l1 * us, feed});
  slowest += 0.15 * std::min(c.math * us, feed);  // imperfect overlap
  out.us = slowest;
  for (const StageTime& part : out.breakdown)
    if (!part.overlapped) out.us += part.us;
  out.limiter = std::ranges::max_element(out.breakdown, {}, &StageTime::us)->stage;
  out.low_us = out.us * 0.8, out.high_us = out.us * 1.4;
  out.occupancy = 1, out.waves = tasks_in_turn;
  const double shares = s.batch * static_cast<double>(t.tasks());
  out.dram_bytes = c.dram_bytes * shares, out.l2_bytes = c.l2_bytes * shares;
  out.advice = advice_for(out.limiter, t);
  return out;
}

}  // namespace

std::vector<Prediction> ContractionCpuModel::predict(const Operator& op, const Hardware& hardware,
                                                     std::span<const TileProgram> programs,
                                                     std::span<const Resources>) const {
  const Canonicalised canonical = canonicalise_contraction(op);
  std::vector<Prediction> all;
  if (!canonical.form) return std::vector<Prediction>(programs.size());
  for (const TileProgram& program : programs) {
    const CpuTiles tiles = CpuTiles::from(program);
    all.push_back(predict_one(describe(tiled_form(*canonical.form, tiles), tiles, hardware), tiles, hardware));
  }
  return all;
}

}  // namespace perftune
