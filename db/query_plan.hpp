// Finds which rows answer a query, and by which index. Internal to db/.
//
// SQLite's planner would guess: it has no statistics about a store that grows by the second, and
// a wrong guess costs a second on a million rows. So the rarest condition is found by counting,
// and drives; where none is rare, a scan in time order soon fills the limit.
#pragma once

#include <cstdint>
#include <vector>

#include "db/query_filter.hpp"
#include "db/sqlite.hpp"

namespace perftune::sqlite {

// The key of a winner.
struct WinnerGroup {
  std::int64_t op = 0, hardware = 0, policy = 0;
};

// At most `limit` winners (-1: all) by operator name, then hardware.
std::vector<WinnerGroup> find_winners(Database& database, const Filter& filter, std::int64_t limit);

// At most `limit` measurements (-1: all), newest first.
std::vector<std::int64_t> find_measurements(Database& database, const Filter& filter,
                                            std::int64_t limit);

// Appends the `wanted` fastest distinct kernels behind one winner.
void add_fastest(Database& database, const WinnerGroup& group, int wanted,
                 std::vector<std::int64_t>& ids);

}  // namespace perftune::sqlite
