#include "codegen/cpu/row_stage.hpp"

#include <algorithm>
#include <cstdlib>

namespace perftune {
namespace {

std::int64_t round_up(std::int64_t x, std::int64_t to) { return (x + to - 1) / to * to; }

const std::vector<std::int64_t>& of(const Access::Bound& bound, Group g) {
  return bound.coefficient[static_cast<std::size_t>(g)];
}

// The one row axis that moves a bound; absent where several do, or none.
std::optional<std::size_t> only_axis(const Access::Bound& bound) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < of(bound, Group::m).size(); ++i) {
    if (of(bound, Group::m)[i] == 0) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

// How far the columns move a bound's index; absent where one moves it backwards.
std::optional<std::int64_t> reach(const RowForm& form, const Access::Bound& bound) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < form.columns().size(); ++i) {
    if (of(bound, Group::k)[i] < 0) return std::nullopt;
    sum += of(bound, Group::k)[i] * (form.columns()[i].extent - 1);
  }
  return sum;
}

// Whether strides follow from the two indices: then the plane holds all that the windows read.
bool follows(const Access& access, const CpuRowStage& s) {
  const auto& y = access.bounds[s.row_bound];
  const auto& x = access.bounds[s.lane_bound];
  for (std::size_t i = 0; i < access.strides(Group::k).size(); ++i)
    if (access.strides(Group::k)[i] != of(y, Group::k)[i] * s.stride + of(x, Group::k)[i]) return false;
  return access.strides(Group::m).back() == of(x, Group::m).back();
}

}  // namespace

std::optional<CpuRowStage> cpu_row_stage(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes,
                                         std::string& why_not) {
  why_not = "no plane of two padded dimensions along the two innermost row axes";
  const std::size_t axes = form.rows().size();
  if (axes < 2 || form.value != DType::f32) return std::nullopt;
  CpuRowStage s;
  const auto bounded = [](const RowAccess& read) { return !read.at.bounds.empty(); };
  if (std::count_if(form.reads.begin(), form.reads.end(), bounded) != 1) return std::nullopt;
  s.read = static_cast<std::size_t>(std::find_if(form.reads.begin(), form.reads.end(), bounded) - form.reads.begin());
  const RowAccess& read = form.reads[s.read];
  if (!read.indexed_by(Group::k) || !read.loads.empty() || read.at.type != DType::f32 || read.at.bounds.size() != 2)
    return std::nullopt;
  const auto first = only_axis(read.at.bounds[0]), second = only_axis(read.at.bounds[1]);
  if (!first || !second || *first == *second || std::min(*first, *second) != axes - 2) return std::nullopt;
  s.lane_bound = *first == axes - 1 ? 0 : 1, s.row_bound = 1 - s.lane_bound;
  const auto& y = read.at.bounds[s.row_bound];
  const auto& x = read.at.bounds[s.lane_bound];
  const std::int64_t step = of(x, Group::m)[axes - 1], along = of(y, Group::m)[axes - 2];
  const auto reach_y = reach(form, y), reach_x = reach(form, x);
  if (along < 1 || !reach_x || !reach_y || read.at.strides(Group::m)[axes - 2] % along != 0) return std::nullopt;
  if (step != tiles.stage) {
    why_not = "the lanes are not `stage` elements apart";
    return std::nullopt;
  }
  s.stride = read.at.strides(Group::m)[axes - 2] / along;
  if (!follows(read.at, s)) return std::nullopt;
  s.rows = (form.rows()[axes - 2].extent - 1) * along + *reach_y + 1;
  s.columns = (form.rows()[axes - 1].extent - 1) * step + *reach_x + 1;
  // Whole vectors of rows are read, and a window beyond them.
  s.pitch = step * round_up(round_up(form.rows()[axes - 1].extent, lanes) + *reach_x / step + 1, lanes);
  s.row_step = along * s.pitch;
  return s;
}

CpuRowStage require_stage(const RowForm& form, const CpuRowTiles& tiles) {
  std::string why_not;
  const auto stage = cpu_row_stage(form, tiles, 1, why_not);
  if (!stage) std::abort();  // callers ask illegal() first
  return *stage;
}

}  // namespace perftune
