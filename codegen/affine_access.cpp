#include "codegen/affine_access.hpp"

#include <algorithm>

#include "recipes/words.hpp"

namespace perftune {
namespace {

const char* atom_name(Index::Atom atom) {
  switch (atom) {
    case Index::Atom::divide:
      return "a division";
    case Index::Atom::modulo:
      return "a remainder";
    case Index::Atom::load:
      return "a read of an index tensor";
    case Index::Atom::axis:
      break;
  }
  return "an axis";
}

}  // namespace

std::optional<AffineAccess> AffineAccess::make(const Operator& op, const Statement& statement,
                                               int tensor, const std::vector<Index>& indices,
                                               std::string& why_not) {
  const Tensor& t = op.tensors[static_cast<std::size_t>(tensor)];
  const std::vector<std::int64_t> strides = t.strides();
  AffineAccess access;
  access.tensor_ = tensor;
  access.pad_ = t.pad.value_or(0);
  for (const Axis& axis : statement.axes) access.axis_extents_.push_back(axis.extent);
  for (std::size_t d = 0; d < indices.size(); ++d) {
    Dimension dimension{indices[d], t.shape[d], strides[d], -1, false, false};
    const Index& index = dimension.index;
    for (const Index::Term& term : index.terms) {
      if (term.atom == Index::Atom::axis) continue;
      why_not =
          words("{} is indexed by {} in dimension {}", t.name, atom_name(term.atom), d + 1);
      return std::nullopt;
    }
    if (index.terms.size() == 1 && index.terms[0].coefficient == 1) {
      dimension.plain_axis = index.terms[0].axis;
      const Axis& axis = statement.axes[static_cast<std::size_t>(dimension.plain_axis)];
      dimension.filled = index.offset == 0 && axis.extent == t.shape[d];
    }
    dimension.bounded = t.pad.has_value() && !dimension.filled;
    access.dimensions_.push_back(std::move(dimension));
  }
  return access;
}

bool AffineAccess::indexed_by(const std::vector<int>& axes) const {
  return std::any_of(axes.begin(), axes.end(), [&](int axis) { return indexed_by(axis); });
}

int AffineAccess::last_dimension(int axis) const {
  for (int d = static_cast<int>(dimensions_.size()) - 1; d >= 0; --d) {
    if (dimensions_[static_cast<std::size_t>(d)].index.coefficient(axis) != 0) return d;
  }
  return -1;
}

std::int64_t AffineAccess::last_coefficient(int axis) const {
  const int d = last_dimension(axis);
  return d < 0 ? 0 : dimensions_[static_cast<std::size_t>(d)].index.coefficient(axis);
}

int AffineAccess::only_dimension(int axis) const {
  const int last = last_dimension(axis);
  for (int d = 0; d < last; ++d) {
    if (dimensions_[static_cast<std::size_t>(d)].index.coefficient(axis) != 0) return -1;
  }
  return last;
}

bool AffineAccess::unit(int axis) const {
  const int d = only_dimension(axis);
  return d >= 0 && d == static_cast<int>(dimensions_.size()) - 1 && last_coefficient(axis) == 1;
}

bool AffineAccess::contiguous_along(const std::vector<int>& axes) const {
  return std::any_of(axes.begin(), axes.end(), [&](int axis) { return unit(axis); });
}

bool AffineAccess::merges(int outer, int inner) const {
  if (!indexed_by(outer) && !indexed_by(inner)) return true;
  const int d = only_dimension(inner);
  if (d < 1 || only_dimension(outer) != d - 1) return false;
  const Dimension& in = dimensions_[static_cast<std::size_t>(d)];
  const Dimension& out = dimensions_[static_cast<std::size_t>(d - 1)];
  return in.plain_axis == inner && in.filled && out.plain_axis == outer && !out.bounded;
}

bool AffineAccess::nests(const std::vector<GroupAxis>& group) const {
  std::vector<int> all;
  for (const GroupAxis& merged : group) all.insert(all.end(), merged.axes.begin(), merged.axes.end());
  for (std::size_t i = 1; i < all.size(); ++i)
    if (!merges(all[i - 1], all[i])) return false;
  return true;
}

Access::Wide AffineAccess::widened(const std::array<std::vector<GroupAxis>, 4>& groups) const {
  Access::Wide wide;
  std::vector<Access::Wide::Level> by_dimension;
  for (const Dimension& d : dimensions_) {
    Access::Wide::Level level{d.extent, 0, d.extent};
    if (d.bounded) {
      std::int64_t least = d.index.offset, greatest = d.index.offset;
      for (const Index::Term& term : d.index.terms) {
        const std::int64_t reach = term.coefficient * (axis_extents_[static_cast<std::size_t>(term.axis)] - 1);
        (reach < 0 ? least : greatest) += reach;
      }
      level.low = least, level.wide = greatest - least + 1;
    }
    by_dimension.push_back(level);
  }
  std::vector<std::int64_t> strides(dimensions_.size(), 1);
  for (std::size_t d = dimensions_.size(); d-- > 1;) strides[d - 1] = strides[d] * by_dimension[d].wide;

  std::size_t last_bounded = dimensions_.size();
  for (std::size_t d = 0; d < dimensions_.size(); ++d)
    if (dimensions_[d].bounded) last_bounded = d;
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    const Access::Wide::Level& level = by_dimension[d];
    wide.base += (dimensions_[d].index.offset - level.low) * strides[d];
    const bool joins = d > 0 && !dimensions_[d].bounded && (d > last_bounded || !dimensions_[d - 1].bounded);
    if (!joins) {
      wide.levels.push_back(level);
      continue;
    }
    Access::Wide::Level& outer = wide.levels.back();
    outer = {outer.extent * level.extent, outer.low * level.extent, outer.wide * level.extent};
  }
  if (wide.levels.empty()) wide.levels.push_back({});
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (const GroupAxis& merged : groups[g]) {
      std::int64_t stride = 0;
      for (std::size_t d = 0; d < dimensions_.size() && !merged.axes.empty(); ++d)
        stride += dimensions_[d].index.coefficient(merged.axes.back()) * strides[d];
      wide.stride[g].push_back(stride);
    }
  return wide;
}

Access AffineAccess::over(const std::array<std::vector<GroupAxis>, 4>& groups, DType type) const {
  Access access;
  access.tensor = tensor_;
  access.type = type;
  access.pad = pad_;
  for (const Dimension& d : dimensions_) {
    access.base += d.index.offset * d.stride;
    if (d.bounded) access.bounds.push_back({d.index.offset, d.extent, {}});
  }
  access.wide = widened(groups);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    access.nests[g] = nests(groups[g]);
    for (const GroupAxis& merged : groups[g]) {
      // The innermost of the merged axes carries the stride.
      const int axis = merged.axes.empty() ? -1 : merged.axes.back();
      std::int64_t stride = 0;
      std::size_t bound = 0;
      for (const Dimension& d : dimensions_) {
        const std::int64_t coefficient = axis < 0 ? 0 : d.index.coefficient(axis);
        stride += coefficient * d.stride;
        if (d.bounded) access.bounds[bound++].coefficient[g].push_back(coefficient);
      }
      const bool present = axis >= 0 && indexed_by(axis);
      access.stride[g].push_back(stride);
      access.form[g].push_back(!present     ? StrideForm::absent
                               : unit(axis) ? StrideForm::unit
                                            : StrideForm::run_time);
    }
  }
  return access;
}

}  // namespace perftune
