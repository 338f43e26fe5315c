#include "tuner/candidate_order.hpp"

#include <algorithm>
#include <iterator>

namespace perftune {

void spread_over_ranking(std::vector<Ranked>& candidates, int top) {
  const std::size_t count = candidates.size(), wanted = std::min<std::size_t>(top, count);
  std::vector<Ranked> first, rest;
  for (std::size_t i = 0, taken = 0; i < count; ++i) {
    const bool take = taken < wanted && i * wanted / count >= taken;
    taken += take ? 1 : 0;
    (take ? first : rest).push_back(std::move(candidates[i]));
  }
  first.insert(first.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
  candidates = std::move(first);
}

void move_default_into_top(std::vector<Ranked>& candidates, int top) {
  if (top == 1) return;
  const auto first = std::find_if(candidates.begin(), candidates.end(), [](const Ranked& c) { return c.is_default; });
  const auto last_tried = std::min<std::size_t>(top, candidates.size()) - 1;
  if (first != candidates.end() && first > candidates.begin() + last_tried)
    std::rotate(candidates.begin() + last_tried, first, first + 1);
}

}  // namespace perftune
