// What of a program over rows moves in vectors (row_arguments.hpp).

#include <algorithm>

#include "codegen/cuda/row_arguments.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

const std::vector<std::int64_t>& coefficients(const Access& access, std::size_t bound, Group g) {
  return access.bounds[bound].coefficient[static_cast<std::size_t>(g)];
}

bool lane_bound(const Access& access, Group lane) {
  for (std::size_t b = 0; b < access.bounds.size(); ++b)
    if (coefficients(access, b, lane).back() != 0) return true;
  return false;
}

bool aligned(const RowForm& form, const Access& access, Group lane, std::int64_t vector) {
  if (access.base % vector != 0) return false;
  for (const Group g : {Group::m, Group::k})
    for (std::size_t i = 0; i < access.strides(g).size(); ++i) {
      const auto& axes = g == Group::m ? form.rows() : form.columns();
      if (g == lane && i + 1 == axes.size()) continue;
      if (axes[i].extent > 1 && access.strides(g)[i] % vector != 0) return false;
    }
  return true;
}

}  // namespace

bool vectorised(const Access& access, Group lane) {
  std::ptrdiff_t units = 0;
  for (const Group g : {Group::m, Group::k})
    units += std::count(access.forms(g).begin(), access.forms(g).end(), StrideForm::unit);
  return access.forms(lane).back() == StrideForm::unit && units == 1 && !lane_bound(access, lane);
}

std::optional<std::string> bad_row_vectors(const RowForm& form, const CudaRowTiles& t) {
  if (t.vector == 1) return std::nullopt;
  const Group lane = t.lanes != 0 ? Group::m : Group::k;
  const std::int64_t inner = (t.lanes != 0 ? form.rows() : form.columns()).back().extent;
  if (inner % t.vector != 0) return words("{} lanes do not divide an extent of {}", t.vector, inner);
  for (const RowAccess& read : form.reads) {
    if (!vectorised(read.at, lane)) continue;
    if (!aligned(form, read.at, lane, t.vector)) return "an operand is not aligned to the vector";
    for (const auto& load : read.loads)
      if (load.stride % t.vector != 0) return "an indexed operand is not aligned to the vector";
  }
  for (const auto& output : form.outputs)
    if (vectorised(output.at, lane) && !aligned(form, output.at, lane, t.vector))
      return "an output is not aligned to the vector";
  return std::nullopt;
}

bool load_of_row(const RowAccess::Load& load, Group lane) {
  const auto& columns = load.at.forms(Group::k);
  const bool by_columns = std::any_of(columns.begin(), columns.end(),
                                      [](StrideForm form) { return form != StrideForm::absent; });
  return !by_columns && !(lane == Group::m && moves_with_lanes(load.at, lane));
}

}  // namespace perftune
