#include "costmodel/row_cpu.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "codegen/cpu/row_addresses.hpp"
#include "codegen/cpu/row_arguments.hpp"
#include "codegen/cpu/row_tiles.hpp"
#include "costmodel/cpu_caches.hpp"
#include "costmodel/row_work.hpp"

namespace perftune {
namespace {

constexpr double fork_join_us = 0.3;     // a pool that still spins from the call before
constexpr double row_cycles = 3;         // coordinates of a row, its first loads and its stores
constexpr double fold_cycles = 3;        // lanes of one sum into one: their issue; rows overlap the rest,
constexpr double fold_latency = 16;      // four dependent shuffles and additions, where they cannot
constexpr double add_latency = 2.5;      // cycles between dependent additions: 2 on Zen 5, 3 on Zen 4, 4 on Skylake
constexpr double maximum_latency = 1.5;  // between dependent maxima: 1 on Zen, 4 on Skylake, 2 on Golden Cove
constexpr double window = 448;           // instructions under way at once (Zen 5; 320 on Zen 4, 512 on Golden Cove)
constexpr double side_by_side = 0.01;    // more time per doubling of a strip along columns: registers and code
constexpr double loop_instructions = 1;  // per step, beside what the pass counts
constexpr double issue_per_cycle = 2;    // vector arithmetic
constexpr double crowding = 0.3;         // of arithmetic, loads and stores: what does not overlap the longest
constexpr double counted_column_cycles = 4;  // addresses of a column that is not laid out
constexpr double staging_cycles = 2.5;   // per vector of a plane copied with its padding
constexpr double scattered_cycles = 3;   // per lane of a read or store that is not contiguous
// Per lane of a read by the gather instruction (f32), by where its line is found again for the next column.
constexpr double gathered_cycles[] = {1, 3, 7, 15};
constexpr double column_run_cycles = 7;  // of each run of the innermost column axis, where there are several

struct Lanes {
  Group group;
  double count;
};

// Blocks of a window's rows that touch an edge: those within have a loop that compares nothing.
constexpr double edge_share = 0.2;

// Lines of a gather are used again for the columns, or rows, that share them, if those of a strip stay near.
double gather_cycles(const RowForm& form, const RowAccess& read, const CpuRowTiles& t, const Lanes& lanes, const CpuCaches& caches) {
  if (read.at.type != DType::f32) return lanes.count * scattered_cycles;
  const std::int64_t stride = read.at.stride[static_cast<std::size_t>(lanes.group)].back() * 4;
  const double lines = t.lanes != 0 ? lanes.count * static_cast<double>(t.unroll * t.tile)
                                    : static_cast<double>(form.columns().back().extent);
  return lanes.count * gathered_cycles[static_cast<int>(caches.level_of_strided(lines, 64, std::abs(stride)))];
}

// Cycles to read one vector; `packed` reads lie side by side (CpuRowAddresses::packed_reads).
double read_cycles(const RowForm& form, const RowAccess& read, const CpuRowTiles& t, const Lanes& lanes,
                   const CpuCaches& caches, bool packed) {
  if (packed) return 0.5;
  for (const auto& load : read.loads)
    if (load.at.forms(lanes.group).back() != StrideForm::absent) return lanes.count * 2 * scattered_cycles;
  double cycles = 0;
  switch (read.at.forms(lanes.group).back()) {
    case StrideForm::absent:
      cycles = 0.5;
      break;
    case StrideForm::unit:
      cycles = read.at.type == DType::f32 || read.at.type == DType::f64 ? 0.5 : 1.5;
      break;
    case StrideForm::run_time:
      cycles = t.lane_step == 2 ? 2 : gather_cycles(form, read, t, lanes, caches);
  }
  // A staged plane is read in whole vectors; elsewhere every bound is compared at every read.
  if (t.stage != 0 && !read.at.bounds.empty()) return 0.5;
  // A bound that moves with the lanes masks them in every block that is a line wide.
  const bool lanes_leave = std::any_of(read.at.bounds.begin(), read.at.bounds.end(), [&](const Access::Bound& bound) {
    return bound.coefficient[static_cast<std::size_t>(lanes.group)].back() != 0;
  });
  const auto bounds = static_cast<double>(read.at.bounds.size());
  return cycles + (t.unrolled() && !lanes_leave ? edge_share : 1) * 1.5 * bounds;
}

double ceil_div(double a, double b) { return std::ceil(a / b); }

Prediction predict_one(const Operator& op, const RowForm& form, const CpuRowTiles& t,
                       const Hardware& hardware) {
  const RowWork work = row_work(op, form, cpu_kept_elements(form, t));
  const int threads = static_cast<int>(std::min<std::int64_t>(t.tasks, std::max(1, hardware.cpu.cores)));
  const CpuCaches caches = CpuCaches::of(hardware, threads);
  const Lanes lanes{t.lanes != 0 ? Group::m : Group::k,
                    static_cast<double>(hardware.cpu.simd_bits) / 8 / static_cast<double>(size_bytes(form.value))};
  const double inner = static_cast<double>(t.lanes != 0 ? form.rows().back().extent : form.columns().back().extent);
  const double vectors_inner = ceil_div(inner, lanes.count);
  const double vectors = work.rows * work.columns / inner * vectors_inner;
  // Edges that are narrower than a strip run vector by vector.
  const double strip = static_cast<double>(t.unroll);
  const double in_strips = std::floor(inner / (lanes.count * strip)) * strip;
  const double blocks = t.lanes == 0 ? work.rows
                                     : work.rows / inner * vectors_inner / (strip * static_cast<double>(t.tile));
  const double independent = strip * static_cast<double>(t.tile);  // sums side by side
  const double vectors_each = vectors / blocks;
  // A pass of sums waits for its last addition; the next rows' instructions fill the wait as far as the
  // window reaches, so that short rows need no strips.
  double instructions = row_cycles;
  for (const RowWork::Pass& pass : work.passes)
    instructions += vectors_each * (pass.instructions + static_cast<double>(pass.reads.size() + pass.outputs.size()) +
                                    loop_instructions / independent);
  const double rows_under_way = std::max(1.0, window / instructions);
  const double share = in_strips / vectors_inner;  // edges run vector by vector
  const std::vector<std::size_t> packed = CpuRowAddresses(form, t).packed_reads();
  const double parallel = static_cast<double>(threads);
  const double clock = caches.clock_ghz * 1e3;  // cycles per microsecond
  const double bytes = work.input_bytes + work.output_bytes;
  const CacheLevel home = caches.level_of(bytes / parallel);
  // A plain store to memory reads the line first; past the caches it does not.
  const double written = home == CacheLevel::dram && t.stream == 0 ? 2 * work.output_bytes : work.output_bytes;
  const double passing = home == CacheLevel::dram ? caches.dram_bytes_per_cycle
                                                  : caches.streaming_bytes_per_cycle(bytes / parallel);
  double feed = (work.input_bytes + written) / passing;
  if (t.stream != 0 && home != CacheLevel::dram) feed += work.output_bytes / caches.bytes_per_cycle(CacheLevel::dram);
  // Strips narrower than a few lines are not prefetched across rows of the tensor.
  if (t.lanes != 0 && home > CacheLevel::l1 && strip * lanes.count < inner) feed *= 1 + 3 / strip;
  const double row_bytes = work.input_bytes / work.rows;
  const double reread = work.input_bytes / caches.bytes_per_cycle(std::min(caches.level_of(row_bytes), home));
  const double again = reread * static_cast<double>(work.passes.size() - 1);


  double cycles = 0;
  for (const RowWork::Pass& pass : work.passes) {
    double loads = 0.5 * pass.recalled, stores = pass.kept;
    for (const int r : pass.reads) {
      const double read = read_cycles(form, form.reads[static_cast<std::size_t>(r)], t, lanes, caches,
                                      std::find(packed.begin(), packed.end(), static_cast<std::size_t>(r)) != packed.end());
      const RowAccess& access = form.reads[static_cast<std::size_t>(r)];
      // Reads that a second row axis does not move are shared by a tile of it.
      const bool shared = t.lanes != 0 && form.rows().size() > 1 &&
                          access.at.forms(Group::m)[form.rows().size() - 2] == StrideForm::absent;
      loads += shared ? read / static_cast<double>(t.tile) : read;
    }
    for (const int o : pass.outputs)
      stores += form.outputs[static_cast<std::size_t>(o)].at.forms(lanes.group).back() == StrideForm::run_time
                    ? lanes.count * scattered_cycles : 1;
    // Arithmetic, loads and stores have units of their own.
    const double arithmetic = pass.instructions / issue_per_cycle, longest = std::max({arithmetic, loads, stores});
    double step = longest + crowding * (arithmetic + loads + stores - longest);
    if (t.lanes != 0 && !t.unrolled()) step += counted_column_cycles / independent;
    double of_pass = vectors_each * step * (share + (1 - share) * 1.3);
    if (t.lanes == 0) of_pass += pass.sums * (fold_cycles + strip / 2);
    const double chain = vectors_each * (pass.adds ? add_latency : maximum_latency) * (share / independent + 1 - share) + (t.lanes == 0 ? fold_latency : 0);
    cycles += blocks * of_pass;
    // Loads go on meanwhile, unless a later pass waits for sums.
    const bool waited_for = pass.adds && work.passes.size() > 1;
    const double loading = waited_for ? 0 : (&pass == &work.passes.front() ? feed : reread) / blocks;
    if (pass.sums > 0) cycles += blocks * std::max(0.0, chain / rows_under_way - std::max(of_pass, loading));
  }
  if (t.stage != 0) cycles += staging_cycles * work.input_bytes / static_cast<double>(hardware.cpu.simd_bits / 8);
  double beside = blocks * (row_cycles + work.row_instructions / issue_per_cycle);
  const double runs = work.columns / static_cast<double>(form.columns().back().extent);
  if (t.lanes != 0) beside += blocks * runs * 4;
  else if (form.columns().size() > 1) beside += blocks * runs * column_run_cycles;

  Prediction p;
  p.breakdown = {{"math", cycles / parallel / clock, true},
                 {"memory", feed / parallel / clock, true},
                 {"rereads", again / parallel / clock, true},
                 {"rows", beside / parallel / clock, false},
                 {"threads", t.tasks > 1 ? fork_join_us * (t.split > 1 ? 2 : 1) : 0, false}};
  const double work_us = p.breakdown[0].us + p.breakdown[3].us, memory = p.breakdown[1].us + p.breakdown[2].us;
  p.us = std::max(work_us, memory) + 0.2 * std::min(work_us, memory) + p.breakdown[4].us + 0.1;
  if (t.lanes == 0) p.us *= 1 + side_by_side * std::log2(strip);
  p.limiter = std::ranges::max_element(p.breakdown, {}, &StageTime::us)->stage;
  p.low_us = p.us * 0.7, p.high_us = p.us * 1.6;
  p.occupancy = 1;
  p.waves = ceil_div(static_cast<double>(t.tasks), parallel);
  p.dram_bytes = home == CacheLevel::dram ? work.input_bytes + written : 0;
  p.l2_bytes = bytes;
  p.advice = p.limiter == "memory"   ? "memory bound: narrower types, or fuse with what makes the input"
             : p.limiter == "math"   ? "arithmetic bound: fewer passes, or keep elements between them"
             : p.limiter == "rows"   ? "short rows: vectors along the rows instead of the columns"
             : p.limiter == "threads" ? "starting threads dominates: fewer threads, or batch the calls"
                                      : "rows are read again from far: keep less per row";
  return p;
}

}  // namespace

std::vector<Prediction> RowCpuModel::predict(const Operator& op, const Hardware& hardware,
                                             std::span<const TileProgram> programs,
                                             std::span<const Resources>) const {
  const auto canonical = canonicalise_rows(op);
  if (!canonical.form) return std::vector<Prediction>(programs.size());
  std::vector<Prediction> all;
  for (const TileProgram& program : programs)
    all.push_back(predict_one(op, *canonical.form, CpuRowTiles::from(program), hardware));
  return all;
}

}  // namespace perftune
