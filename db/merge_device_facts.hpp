// The part of a merge that only GPUs' measurements have: conditions and counters. Internal to db/.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "db/sqlite.hpp"

namespace perftune::sqlite {

// Binds a column as it is.
void bind_same(Query& to, const Query& from, int column);

// Measurements of `from` that have conditions, ascending: few of a store's do.
std::vector<std::int64_t> ids_with_conditions(Database& from);
// Those of measurement `theirs`, for the row `ours` that was just added.
void merge_conditions(Database& into, Database& from, std::int64_t theirs, std::int64_t ours);

// The latest collection of each kernel stays. `row_of` gives a source row's number in the destination.
using RowOf = std::function<std::int64_t(const char* table, std::int64_t row)>;
void merge_counters(Database& into, Database& from, const RowOf& row_of);

}  // namespace perftune::sqlite
