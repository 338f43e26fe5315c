#include "tuner/construct/tile_growth.hpp"

#include "tuner/construct/alignment_rules.hpp"

namespace perftune {

bool tolerable(std::int64_t extent, int tile, int align, double epsilon) {
  return rules::padding_waste(extent, tile) <= rules::padding_waste(extent, align) + epsilon;
}

std::vector<TileExtent> grow(TileExtent start, const GrowthLimits& limits) {
  std::vector<TileExtent> path;
  if (!limits.fits(start)) return path;
  path.push_back(start);
  while (true) {
    const TileExtent at = path.back();
    const TileExtent wider_m{at.m * 2, at.n};
    const TileExtent wider_n{at.m, at.n * 2};
    const auto useful = [&](TileExtent t, std::int64_t extent, int previous, int tile, int align) {
      return previous < extent && tolerable(extent, tile, align, limits.epsilon) && limits.fits(t);
    };
    const bool can_m = useful(wider_m, limits.extent_m, at.m, wider_m.m, limits.align_m);
    const bool can_n = useful(wider_n, limits.extent_n, at.n, wider_n.n, limits.align_n);
    if (!can_m && !can_n) return path;
    const bool m_first =
        can_m && (!can_n || rules::grow_m_first(at.m, at.n, wider_m.m, wider_n.n, limits.bytes_a,
                                                limits.bytes_b));
    path.push_back(m_first ? wider_m : wider_n);
  }
}

}  // namespace perftune
