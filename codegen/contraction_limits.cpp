// What the numbers of a canonical contraction mean: vector loads, 32-bit addresses, tile reach.
#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "codegen/contraction.hpp"

namespace perftune {
namespace {

constexpr std::int64_t overhang_points = 512;  // no tile extent along one group is larger

bool bound_depends_on(const Access& access, std::size_t g, std::size_t axis) {
  for (const Access::Bound& bound : access.bounds) {
    if (bound.coefficient[g][axis] != 0) return true;
  }
  return false;
}

// Smallest and largest element offset, overhanging points included, fit 32 bits.
bool fits_32bit(const Contraction& form, const Access& access) {
  double low = static_cast<double>(access.base);
  double high = low;
  for (const Group g : all_groups) {
    const auto& axes = form.group(g);
    for (std::size_t i = 0; i < axes.size(); ++i) {
      std::int64_t last = axes[i].extent - 1;
      if (i == 0) last += overhang_points / form.divisor(g, 0) + 1;
      const double reach = static_cast<double>(access.strides(g)[i]) * static_cast<double>(last);
      (reach < 0 ? low : high) += reach;
    }
  }
  return low >= std::numeric_limits<std::int32_t>::min() &&
         high <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace

int vector_width(const Contraction& form, const Access& access, Group group, int limit) {
  const auto g = static_cast<std::size_t>(group);
  const std::size_t inner = form.groups[g].size() - 1;
  if (access.stride[g][inner] != 1 || bound_depends_on(access, g, inner)) return 1;
  // Everything that an address is made of, besides the vector's own axis, in one divisor.
  std::int64_t common = std::gcd(access.base, form.groups[g][inner].extent);
  for (std::size_t other = 0; other < form.groups.size(); ++other) {
    for (std::size_t i = 0; i < form.groups[other].size(); ++i) {
      const bool itself = other == g && i == inner;
      if (itself || form.groups[other][i].extent == 1) continue;
      common = std::gcd(common, access.stride[other][i]);
    }
  }
  int width = 1;
  while (width * 2 <= limit && common % (width * 2) == 0) width *= 2;
  return width;
}

bool needs_64bit_index(const Contraction& form) {
  for (const Group g : all_groups) {
    if (form.extent(g) > std::numeric_limits<std::int32_t>::max() - 2 * overhang_points) {
      return true;
    }
  }
  if (!fits_32bit(form, form.a) || !fits_32bit(form, form.b) || !fits_32bit(form, form.c)) {
    return true;
  }
  for (const Access& extra : form.extra) {
    if (!fits_32bit(form, extra)) return true;
  }
  return false;
}

std::vector<std::int64_t> output_tile(const Contraction& form, const Tensor& c,
                                      std::int64_t block_m, std::int64_t block_n) {
  const std::vector<std::int64_t> strides = c.strides();
  std::vector<std::int64_t> tile(strides.size(), 0);
  for (const auto& [g, block] : {std::pair{Group::m, block_m}, std::pair{Group::n, block_n}}) {
    const auto& axes = form.group(g);
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const std::int64_t step = form.c.strides(g)[i];
      const std::int64_t reach = std::min(block / form.divisor(g, i), axes[i].extent);
      // A merged axis covers the dimensions whose strides lie in [step, step * extent).
      for (std::size_t d = 0; d < strides.size() && step > 0; ++d) {
        if (strides[d] < step || strides[d] >= step * axes[i].extent) continue;
        tile[d] = std::min(reach * step / strides[d], c.shape[d]);
      }
    }
  }
  return tile;
}

}  // namespace perftune
