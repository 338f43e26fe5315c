// Which elements of a large output are compared with the oracle: where tiled kernels go wrong.
// Pure; deterministic by seed.
#pragma once

#include <cstdint>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

// At most about `count` flat positions of `tensor`, ascending and distinct:
//   * the first two and last two indices of every dimension, in all combinations;
//   * both sides of every tile boundary, `tile[d]` being the tile's extent along dimension d
//     (missing or 0: not tiled), in all combinations or a random draw of them when they are many;
//   * a uniform random draw for the rest.
// The whole tensor when it has no more elements than `count`.
std::vector<std::int64_t> sample_elements(const Tensor& tensor, std::uint64_t seed,
                                          std::int64_t count,
                                          const std::vector<std::int64_t>& tile);

}  // namespace perftune
