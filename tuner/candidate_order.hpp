// In which order a tune tries what the model ranked. Pure; `candidates` come best prediction first.
#pragma once

#include <vector>

#include "tuner/rank.hpp"

namespace perftune {

// Every n-th first, so that `top` of them reach from the best to the worst; the rest stand by.
void spread_over_ranking(std::vector<Ranked>& candidates, int top);

// The family's default is measured with the rest, however it ranks: it is what a winner must beat. Where only
// one is measured at all, that is the best guess.
void move_default_into_top(std::vector<Ranked>& candidates, int top);

}  // namespace perftune
