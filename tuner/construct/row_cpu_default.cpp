#include "tuner/construct/row_cpu_default.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tuner/construct/cpu_rules.hpp"

namespace perftune {
namespace {

constexpr std::int64_t kUnderWay = 448;  // instructions that a core looks ahead: Zen 5; 320 on Zen 4, 512 on Golden Cove
constexpr std::int64_t kStrips = 4;      // more vectors side by side only lengthen the tail of a row
constexpr std::int64_t kWidest = 16;     // vectors of a run: 1 KB of f32, which hardware prefetches
// Tiles of rows that share reads. Laid out, a window wants wide ones of few rows; counted at run time, many
// rows that share the count and what they read (within 6 % of the best of 40 to 90 on depthwise convolutions
// and pooling of 3 x 3 and 5 x 5, in either layout).
constexpr std::int64_t kLaidOutStrip = 8, kLaidOutRows = 2, kCountedStrip = 2, kCountedRows = 8;
constexpr std::int64_t kProductStrip = 4, kProductRows = 4;  // few rows of a product: a wide run of the longer operand

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Sums side by side along one row. Rows whose instructions fit the core's window together keep the pipes
// busy by themselves; several passes over one row wait for each other and do not.
std::int64_t strips(const CpuRowProblem& p, std::int64_t tasks) {
  const std::int64_t inner = ceil_div(p.form.columns().back().extent, p.lanes);
  if (p.form.passes() > 1) return std::min(kStrips, inner);
  const std::int64_t vectors = inner * (p.form.column_count() / p.form.columns().back().extent);
  const std::int64_t rows = std::clamp<std::int64_t>(kUnderWay / (2 * vectors), 1, ceil_div(p.form.row_count(), tasks));
  std::int64_t unroll = 1;
  while (unroll < kStrips && unroll * rows < rules::sums_to_hide_latency(p.cpu)) unroll *= 2;
  return std::min(unroll, inner);
}

CpuRowTiles along_columns(const CpuRowProblem& p) {
  const RowShare share = row_shares(p, p.form.row_count()).front();
  CpuRowTiles t;
  t.tasks = share.tasks, t.split = share.split;
  t.unroll = strips(p, share.tasks);
  t.keep = p.form.reused_elements().empty() ? 0 : 1;
  t.stream = p.may_stream() && p.outgrows_caches() ? 1 : 0;
  return t;
}

// A strip of at most `most` vectors that leaves the fewest idle in the last one; the widest of those.
std::int64_t even_strip(std::int64_t vectors, std::int64_t most) {
  std::int64_t best = 1, best_covered = vectors;
  for (std::int64_t strip = 1; strip <= std::min(most, vectors); ++strip)
    if (const std::int64_t covered = ceil_div(vectors, strip) * strip; covered <= best_covered || strip == 1)
      best = strip, best_covered = covered;
  return best;
}

// Columns of several axes are a window's, or as good as: their count costs something at every step.
bool is_window(const CpuRowProblem& p) { return p.small_window() || p.form.columns().size() > 1; }

// Neighbouring rows of the second axis read the same elements: windows overlap, or weights are shared.
bool rows_share_reads(const CpuRowProblem& p) {
  const std::size_t axes = p.form.rows().size();
  if (axes < 2 || p.form.rows()[axes - 2].extent < 2) return false;
  return p.small_window() || std::any_of(p.form.reads.begin(), p.form.reads.end(), [&](const RowAccess& read) {
    return read.indexed_by(Group::k) && read.at.forms(Group::m)[axes - 2] == StrideForm::absent;
  });
}

// A tile of at most `strip` vectors by `most` rows.
CpuRowTiles tile_of(const CpuRowProblem& p, std::int64_t strip, std::int64_t most) {
  const auto& rows = p.form.rows();
  const std::int64_t vectors = ceil_div(rows.back().extent, p.lanes);
  const std::int64_t runs = p.form.row_count() / rows.back().extent;
  const std::int64_t second = rows.size() > 1 ? rows[rows.size() - 2].extent : 1;
  CpuRowTiles t;
  t.lanes = 1;
  t.unroll = even_strip(vectors, strip);
  while (t.tile < most && 2 * t.tile <= second) t.tile *= 2;
  const auto units = [&] { return runs * ceil_div(vectors, t.unroll) / t.tile; };
  // As many units as threads, where narrower strips give them.
  while (p.worth_threads() && t.unroll > 1 && units() < p.threads && runs * vectors / t.tile >= p.threads)
    t.unroll = ceil_div(t.unroll, 2);
  const RowShare share = row_shares(p, units()).front();
  t.tasks = share.tasks, t.split = share.split;
  t.stream = p.may_stream() && p.outgrows_caches() ? 1 : 0;
  return t;
}

CpuRowTiles along_rows(const Proposals& into, const CpuRowProblem& p) {
  const auto legal = [&](const CpuRowTiles& tiles) { return into.legal(tiles.to_program(p.family)); };
  const auto halve = [](CpuRowTiles& tiles) { tiles.tile > 1 ? tiles.tile /= 2 : tiles.unroll /= 2; };
  const bool shares = rows_share_reads(p);
  if (p.small_window())
    // As many constants as are legal: the window, then the plane with its padding, else a smaller tile.
    for (CpuRowTiles t = tile_of(p, kLaidOutStrip, shares ? kLaidOutRows : 1); t.split == 1 && t.unroll > 0; halve(t)) {
      set_window(t, p.form);
      for (const std::int64_t stage : {2, 1, 0}) {
        t.stage = stage;
        if (legal(t)) return t;
      }
    }
  CpuRowTiles t = !shares            ? tile_of(p, kWidest, 1)
                  : is_window(p)     ? tile_of(p, kCountedStrip, kCountedRows)
                                     : tile_of(p, kProductStrip, kProductRows);
  while (!legal(t) && t.tile * t.unroll > 1) halve(t);
  return t;
}

// Every second element of a run is two loads and a shuffle.
void set_lane_step(const Proposals& into, const CpuRowProblem& p, CpuRowTiles& t) {
  const Group lanes = t.lanes != 0 ? Group::m : Group::k;
  if (t.stage != 0 || lane_traffic(p.form, lanes).scattered == 0) return;
  CpuRowTiles stepped = t;
  stepped.lane_step = 2;
  if (into.legal(stepped.to_program(p.family))) t = stepped;
}

std::vector<RuleApplied> reasons(const CpuRowProblem& p, const CpuRowTiles& t) {
  const Group lanes = t.lanes != 0 ? Group::m : Group::k;
  std::vector<RuleApplied> rules{
      direction_rule(p, lanes),
      {"unroll tile", t.lanes != 0 ? "register_tile" : "independent_sums",
       fmt::format("the default: {} x {} vectors over {} registers; {} sums hide the latency of an addition", t.tile,
                   t.unroll, p.cpu.vector_registers, rules::sums_to_hide_latency(p.cpu))}};
  if (t.unrolled())
    rules.push_back({"window0 window1 window2", "constant_window",
                     fmt::format("{} columns are laid out one after the other", p.form.column_count())});
  if (t.stage != 0)
    rules.push_back({"stage", "padded_plane", "a plane is copied with its padding: edges cost what the inside does"});
  return rules;
}

// Of the knobs, those that hold for some shapes of a structure and not for others, left out.
CpuRowTiles for_any_shape(const CpuRowProblem& p, CpuRowTiles t) {
  const std::int64_t staged = t.stage;
  if (t.unrolled() && rows_share_reads(p)) t = tile_of(p, kCountedStrip, kCountedRows);  // h and w never merge
  else t.tile = 1;
  // A plane staged by every second element says that windows are 2 apart, whatever the extents.
  t.lane_step = staged == 2 ? 2 : 0;
  t.window0 = t.window1 = t.window2 = t.stage = 0;
  return t;
}

}  // namespace

void add_row_defaults(Proposals& into, const CpuRowProblem& p) {
  CpuRowTiles t = p.columns_first() ? along_columns(p) : along_rows(into, p);
  set_lane_step(into, p, t);
  const CpuRowTiles any = for_any_shape(p, t);
  into.propose(t.to_program(p.family), [&] { return reasons(p, t); });
  into.propose(any.to_program(p.family), [&] { return reasons(p, any); });
  into.serves_any_shape(any.to_program(p.family));
}

}  // namespace perftune
