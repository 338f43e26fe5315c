// A stable sort of a handful of elements: where lists are short, and what ships is counted in kilobytes.
#pragma once

#include <algorithm>

namespace perftune {

// Equal elements keep their order. Quadratic: for lists as long as an operator has axes.
template <class Iterator, class Less>
void sort_stably(Iterator begin, Iterator end, Less less) {
  for (Iterator i = begin; i != end; ++i)
    for (Iterator j = i; j != begin && less(*j, *(j - 1)); --j) std::iter_swap(j, j - 1);
}

}  // namespace perftune
