#include "costmodel/row_gpu.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "codegen/cuda/row_tiles.hpp"
#include "codegen/row.hpp"
#include "costmodel/contraction_pipeline.hpp"
#include "costmodel/occupancy.hpp"
#include "costmodel/row_work.hpp"
#include "costmodel/wave_traffic.hpp"

namespace perftune {
namespace {

constexpr double sector_bytes = 32;
constexpr double relative_error = 0.35;      // as for contractions: never compared with a device
constexpr double meeting_cycles = 60;        // one barrier and the reads after it
constexpr double shuffle_cycles = 6;         // one step of a shuffle tree, per sum
constexpr double chunk_overhead = 6;         // instructions of a chunk beside its points
constexpr double imperfect_overlap = 0.02;
constexpr double split_us = 2.3;             // as split-k's second phase (gpu_parameters.hpp)

double ceil_div(double a, double b) { return std::ceil(a / b); }

// Bytes fetched per byte used: neighbouring threads that do not read neighbouring elements fetch a
// sector each.
double fetch_factor(const RowAccess& read, Group lanes) {
  const auto bytes = static_cast<double>(size_bytes(read.at.type));
  const auto& forms = read.at.forms(lanes);
  if (forms.back() != StrideForm::run_time) return 1;
  const double stride = std::abs(static_cast<double>(read.at.strides(lanes).back()));
  return std::clamp(stride, 1.0, sector_bytes / bytes);
}

// Uses of a fetched element by the threads of a warp, side by side along the rows: a window's points
// overlap with its neighbours', a filter's are the same for all. L1 serves all but the first.
double uses_from_l1(const RowForm& form, const RowAccess& read, const CudaRowTiles& t) {
  constexpr double warp = 32;
  if (t.lanes == 0 || !read.indexed_by(Group::k)) return 1;
  if (read.at.forms(Group::m).back() == StrideForm::absent) return std::min(warp, static_cast<double>(t.row_threads));
  double uses = 1;
  for (const Access::Bound& bound : read.at.bounds) {
    const auto& by_rows = bound.coefficient[static_cast<std::size_t>(Group::m)];
    const auto& by_columns = bound.coefficient[static_cast<std::size_t>(Group::k)];
    if (by_rows.back() == 0) continue;
    double points = 1;
    for (std::size_t i = 0; i < by_columns.size(); ++i)
      if (by_columns[i] != 0) points *= static_cast<double>(form.columns()[i].extent);
    uses = std::max(uses, points / std::abs(static_cast<double>(by_rows.back())));
  }
  return uses;
}

Prediction predict_one(const Operator& op, const RowForm& form, const CudaRowTiles& t,
                       const Resources& resources, const Hardware& hw, const GpuParameters& p) {
  const CudaRowKept kept = cuda_row_kept(form, t);
  const RowWork work = row_work(op, form, kept.elements);
  const MemoryPath path = memory_path(hw.compute_capability);
  const Group lanes = t.lanes != 0 ? Group::m : Group::k;
  const auto threads = static_cast<double>(t.threads());
  const Occupancy occ = occupancy(hw, static_cast<int>(t.threads()), resources.registers, resources.shared_bytes);
  const double resident = std::max(1, occ.blocks);
  const double blocks = ceil_div(work.rows, static_cast<double>(t.rows_per_block())) * static_cast<double>(t.split);
  const double slots = hw.sms * resident;
  const double active = std::min(blocks, slots);
  const double waves = ceil_div(blocks, slots);
  const double clock = hw.boost_ghz * 1e3;  // cycles per microsecond

  // Loads of all points, per pass; what waits on chip is loaded once.
  const double points = work.rows * work.columns;
  const double steps = ceil_div(work.columns, static_cast<double>(t.columns_per_step()));  // per thread
  const double padded_columns = steps * static_cast<double>(t.columns_per_step());
  double loaded = 0, instructions = 0, later = 0;
  std::vector<bool> had(form.reads.size(), false);
  for (const RowWork::Pass& pass : work.passes) {
    double pass_bytes = 0, per_point = pass.instructions;
    for (const int r : pass.reads) {
      const auto i = static_cast<std::size_t>(r);
      const RowAccess& read = form.reads[i];
      const bool waits = std::find(kept.reads.begin(), kept.reads.end(), r) != kept.reads.end();
      if (waits && had[i]) {
        if (t.staged != 0) per_point += 1.0 / static_cast<double>(t.vector);
        continue;
      }
      // Of operands that rows share (gamma, filters) only the first use comes from far.
      const double bytes = points * static_cast<double>(size_bytes(read.at.type)) * fetch_factor(read, lanes) /
                           uses_from_l1(form, read, t);
      pass_bytes += bytes;
      if (had[i]) later += bytes;
      had[i] = true;
      const bool vector = read.at.forms(lanes).back() == StrideForm::unit && read.at.bounds.empty();
      per_point += (vector ? 2.0 / static_cast<double>(t.vector) : 3.0) + 4.0 * static_cast<double>(read.at.bounds.size()) +
                   1 + 6.0 * static_cast<double>(read.loads.size());
    }
    loaded += pass_bytes;
    per_point += 2.0 * static_cast<double>(pass.outputs.size()) + chunk_overhead / static_cast<double>(t.vector);
    instructions += per_point * ceil_div(work.rows, static_cast<double>(t.rows_per_block())) *
                    static_cast<double>(t.rows_per_block()) * padded_columns;
  }

  // DRAM: inputs once, and again by later passes what L2 has lost of the rows under way.
  const double l2 = hw.l2_mib * 1048576 / path.l2_copies;
  const double rows_under_way = std::min(work.rows, active * static_cast<double>(t.rows_per_block()));
  const double under_way = rows_under_way * (work.input_bytes / std::max(1.0, work.rows));
  const double misses = 1 - hit_share(under_way, l2 * p.l2_full, l2 * p.l2_none);
  const double write_cost = path.gddr ? p.gddr_write_cost : p.hbm_write_cost;
  const double dram_bytes = work.input_bytes + later * misses + work.output_bytes;
  const double share = path.gddr ? p.stream_share_gddr : p.stream_share_hbm;

  // Bytes in flight over the loaded latency bound what the machine draws (Little's law).
  double chunk_bytes = 0;
  for (const RowAccess& read : form.reads)
    if (read.indexed_by(Group::k)) chunk_bytes += static_cast<double>(size_bytes(read.at.type)) * static_cast<double>(t.vector);
  const double deep = static_cast<double>(t.held > 0 ? t.held : t.unroll);
  const double useful = work.rows / (ceil_div(work.rows, static_cast<double>(t.rows_per_block())) *
                                     static_cast<double>(t.rows_per_block())) * work.columns / padded_columns;
  const double in_flight = active * threads * useful * chunk_bytes * std::min(deep, steps);
  const double latency_us = path.dram_latency_ns * 1e-3 * p.loaded_latency;
  const double littles = in_flight / latency_us * 1e-3;  // GB/s
  const double dram_gbps = std::min(hw.dram_ceiling_gbps() * share, littles);
  const double l2_gbps = hw.sms * path.l2_bytes_per_clock_per_sm * hw.boost_ghz * p.l2_share_simt;

  Prediction out;
  const double dram_us = (dram_bytes + (write_cost - 1) * work.output_bytes) / dram_gbps * 1e-3;
  const double busy_sms = std::min<double>(hw.sms, blocks);
  const double l2_us = (loaded + work.output_bytes / p.store_share) / (l2_gbps * busy_sms / hw.sms) * 1e-3;
  const double issue_us = instructions / 32 / (4 * busy_sms) / clock * (waves * slots / std::max(blocks, 1.0) > 1 && waves > 1 ? waves * slots / blocks : 1);
  // One block alone: its loads one after the other, its meetings.
  double sums = 0, meetings = 0;
  for (const RowWork::Pass& pass : work.passes) {
    sums += pass.sums;
    meetings += pass.sums > 0 ? 1 : 0;
  }
  const double per_part = ceil_div(steps, static_cast<double>(t.split));
  const double rounds = t.held > 0 || t.staged != 0 ? ceil_div(per_part, deep)
                                                    : ceil_div(per_part, deep) * static_cast<double>(work.passes.size());
  const double tree = std::log2(std::max(1.0, static_cast<double>(std::min<std::int64_t>(32, t.lanes != 0 ? 1 : t.column_threads))));
  const double meet_cycles = meetings * (t.threads() > 32 && (t.lanes != 0 || t.column_threads > 32) && t.column_threads > 1 ? meeting_cycles + (t.lanes != 0 ? 25.0 * static_cast<double>(t.column_threads) : 25.0 * static_cast<double>(t.column_threads) / 32) : 0) + sums * tree * shuffle_cycles * 4;
  const double serial_us = waves * (rounds * path.dram_latency_ns * 1e-3 * 1.2 + meet_cycles / clock) / std::max(1.0, resident / 2);
  const LaunchContext cold;
  const double launch_us = launch_floor_us(hw, cold, p);
  const double fill_us = path.dram_latency_ns * 1e-3 + p.block_start_cycles / clock + meet_cycles / clock;
  const double reduction_us = t.split > 1 ? split_us : 0;

  out.breakdown = {{"dram", dram_us, true},      {"l2", l2_us, true},
                   {"issue", issue_us, true},    {"load latency", serial_us, true},
                   {"launch", launch_us, false}, {"prologue", fill_us, false},
                   {"reduction", reduction_us, false}};
  // What hides behind the slowest stage does so imperfectly; it also orders programs that tie.
  out.us = std::max({dram_us, l2_us, issue_us, serial_us}) +
           imperfect_overlap * (dram_us + l2_us + issue_us + serial_us) + launch_us + fill_us + reduction_us;
  out.low_us = out.us / (1 + relative_error), out.high_us = out.us * (1 + relative_error);
  out.limiter = std::ranges::max_element(out.breakdown, {}, &StageTime::us)->stage;
  out.occupancy = occ.fraction;
  out.waves = blocks / slots;
  out.dram_bytes = dram_bytes;
  out.l2_bytes = loaded + work.output_bytes;
  out.advice = out.limiter == "dram"     ? (littles < hw.dram_ceiling_gbps() * share ? "too few bytes in flight: wider vectors, more chunks or blocks" : "memory bound: narrower types, or fuse with what makes the input")
               : out.limiter == "l2"     ? "rows are read again: keep them on chip between passes"
               : out.limiter == "issue"  ? "instruction bound: wider vectors, fewer passes"
               : out.limiter == "launch" ? "the launch dominates: capture in a graph, or fuse"
                                         : "latency bound: split rows over more threads or blocks";
  if (occ.blocks == 0) out.us = out.low_us = out.high_us = 1e9;  // cannot run at all
  return out;
}

}  // namespace

std::vector<Prediction> RowGpuModel::predict(const Operator& op, const Hardware& hardware,
                                             std::span<const TileProgram> programs,
                                             std::span<const Resources> resources) const {
  const auto canonical = canonicalise_rows(op);
  if (!canonical.form || programs.size() != resources.size()) std::abort();
  std::vector<Prediction> all;
  for (std::size_t i = 0; i < programs.size(); ++i)
    all.push_back(predict_one(op, *canonical.form, CudaRowTiles::from(programs[i]), resources[i], hardware, parameters_));
  return all;
}

}  // namespace perftune
