// What a `cpu/simd` program over rows keeps in its workspace, and how much of it.
#include <algorithm>

#include "codegen/cpu/row_arguments.hpp"
#include "codegen/cpu/row_stage.hpp"

namespace perftune {
namespace {

std::int64_t round_up(std::int64_t x, std::int64_t to) { return (x + to - 1) / to * to; }

}  // namespace

std::vector<int> cpu_kept_elements(const RowForm& form, const CpuRowTiles& tiles) {
  return tiles.keep != 0 && tiles.lanes == 0 ? form.reused_elements() : std::vector<int>{};
}

std::vector<std::size_t> cpu_packed_reads(const RowForm& form, const CpuRowTiles& tiles) {
  std::vector<std::size_t> found;
  if (!tiles.unrolled()) return found;
  for (std::size_t i = 0; i < form.reads.size(); ++i) {
    const RowAccess& read = form.reads[i];
    if (!read.indexed_by(Group::k) || !read.loads.empty() || !read.at.bounds.empty()) continue;
    const auto& forms = read.at.forms(Group::m);
    const bool lanes_only = std::all_of(forms.begin(), forms.end() - 1, [](StrideForm f) { return f == StrideForm::absent; });
    if (lanes_only && forms.back() == StrideForm::run_time) found.push_back(i);
  }
  return found;
}

CpuRowScratch cpu_row_scratch(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes) {
  CpuRowScratch scratch;
  if (tiles.split > 1)
    scratch.partials = round_up(static_cast<std::int64_t>(form.reductions.size()) * tiles.split *
                                    form.row_count(), lanes) + lanes;
  const auto kept = static_cast<std::int64_t>(cpu_kept_elements(form, tiles).size());
  scratch.kept_stride = round_up(form.column_count(), lanes) + lanes;
  scratch.task = kept * scratch.kept_stride;
  const auto packs = static_cast<std::int64_t>(cpu_packed_reads(form, tiles).size());
  if (tiles.unrolled())
    scratch.task = packs == 0 ? 0 : packs * tiles.window_points() * round_up(form.rows().back().extent, lanes) + lanes;
  scratch.stage = scratch.task;
  std::string why_not;
  if (tiles.stage != 0)
    scratch.task += round_up(cpu_row_stage(form, tiles, lanes, why_not).value_or(CpuRowStage{}).elements(), lanes) + lanes;
  return scratch;
}

}  // namespace perftune
