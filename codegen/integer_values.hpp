// Which expressions stay within 32-bit integers: what contractions, rows and maps ask before they compute
// in i32. Pure.
#pragma once

#include "recipes/expression.hpp"

namespace perftune {

// A constant that i32 holds.
bool is_whole(double value);

inline bool is_comparison(Function f) { return f >= Function::less && f <= Function::not_equal; }

// Of an application: it gives an integer where its arguments are integers. The first only picks, compares
// and rounds them, the second may also add and multiply.
bool picks_integers(const Expr& apply);
bool keeps_integers(const Expr& apply);

}  // namespace perftune
