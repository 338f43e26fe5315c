#include "executor/sampling.hpp"

#include <algorithm>
#include <numeric>
#include <random>

namespace perftune {
namespace {

using Positions = std::vector<std::vector<std::int64_t>>;  // candidate indices by dimension

void keep_distinct(std::vector<std::int64_t>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

Positions edges(const Tensor& tensor) {
  Positions positions;
  for (const std::int64_t extent : tensor.shape) {
    std::vector<std::int64_t> along;
    for (const std::int64_t i : {std::int64_t{0}, std::int64_t{1}, extent - 2, extent - 1}) {
      if (i >= 0 && i < extent) along.push_back(i);
    }
    keep_distinct(along);
    positions.push_back(std::move(along));
  }
  return positions;
}

Positions tile_boundaries(const Tensor& tensor, const std::vector<std::int64_t>& tile) {
  Positions positions = edges(tensor);
  for (std::size_t d = 0; d < tensor.shape.size() && d < tile.size(); ++d) {
    if (tile[d] <= 0) continue;
    for (std::int64_t start = tile[d]; start < tensor.shape[d]; start += tile[d]) {
      positions[d].push_back(start - 1);
      positions[d].push_back(start);
    }
    keep_distinct(positions[d]);
  }
  return positions;
}

// Combinations of one index per dimension: all, or `limit` drawn at random.
void add_combinations(const Tensor& tensor, const Positions& positions, std::int64_t limit,
                      std::mt19937_64& random, std::vector<std::int64_t>& chosen) {
  const std::vector<std::int64_t> strides = tensor.strides();
  double combinations = 1;
  for (const auto& along : positions) combinations *= static_cast<double>(along.size());
  const bool all = combinations <= static_cast<double>(limit);
  const auto draws = all ? static_cast<std::int64_t>(combinations) : limit;
  for (std::int64_t draw = 0; draw < draws; ++draw) {
    std::int64_t rest = draw;
    std::int64_t element = 0;
    for (std::size_t d = 0; d < positions.size(); ++d) {
      const auto size = static_cast<std::int64_t>(positions[d].size());
      const std::int64_t pick =
          all ? rest % size
              : static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(size));
      rest /= size;
      element += positions[d][static_cast<std::size_t>(pick)] * strides[d];
    }
    chosen.push_back(element);
  }
}

}  // namespace

std::vector<std::int64_t> sample_elements(const Tensor& tensor, std::uint64_t seed,
                                          std::int64_t count,
                                          const std::vector<std::int64_t>& tile) {
  std::vector<std::int64_t> chosen;
  const std::int64_t elements = tensor.elements();
  if (elements <= count) {
    chosen.resize(static_cast<std::size_t>(elements));
    std::iota(chosen.begin(), chosen.end(), 0);
    return chosen;
  }
  std::mt19937_64 random(seed);
  add_combinations(tensor, edges(tensor), count / 4, random, chosen);
  add_combinations(tensor, tile_boundaries(tensor, tile), count / 2, random, chosen);
  keep_distinct(chosen);
  while (static_cast<std::int64_t>(chosen.size()) < count) {
    const auto missing = count - static_cast<std::int64_t>(chosen.size());
    for (std::int64_t i = 0; i < missing; ++i) {
      chosen.push_back(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(elements)));
    }
    keep_distinct(chosen);
    if (missing <= count / 100) break;  // a few collisions are no loss
  }
  return chosen;
}

}  // namespace perftune
