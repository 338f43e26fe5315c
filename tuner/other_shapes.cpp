#include "tuner/other_shapes.hpp"

#include <algorithm>

#include "tuner/verdict.hpp"

namespace perftune {

std::optional<std::size_t> untried_for_any_shape(const std::vector<Ranked>& ranked,
                                                 const std::vector<TunedCandidate>& tried) {
  if (std::ranges::any_of(tried, [](const TunedCandidate& c) { return c.ranked.any_shape && is_success(c.outcome); }))
    return std::nullopt;
  for (std::size_t at = 0; at < ranked.size(); ++at)
    if (ranked[at].any_shape &&
        std::ranges::none_of(tried, [&](const TunedCandidate& c) { return c.ranked.program == ranked[at].program; }))
      return at;
  return std::nullopt;
}

const TunedCandidate* for_other_shapes(const std::vector<TunedCandidate>& tried) {
  const auto fitness = [](const TunedCandidate& c) {
    return c.ranked.any_shape ? (c.ranked.is_default ? 3 : 2) : c.ranked.is_default ? 1 : 0;
  };
  const TunedCandidate* chosen = nullptr;
  for (const TunedCandidate& c : tried)
    if (is_success(c.outcome) && fitness(c) > (chosen == nullptr ? 0 : fitness(*chosen))) chosen = &c;
  return chosen;
}

}  // namespace perftune
