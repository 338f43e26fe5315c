// The columns of a query and the SQL behind each, over these tables:
//
//   w winners   m measurements   o operators   h hardware   b builds   k kernels   t toolchains
//   q policies  p provenances    r runs
//
// A view of winners takes m as the winner's latest measurement. Internal to db/.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "db/query.hpp"

namespace perftune::sqlite {

struct ColumnSql {
  Column column;
  const char* history;  // over m
  const char* winners;  // over w (and m); nullptr: the same as `history`
};

std::span<const ColumnSql> column_table();
// nullptr when there is none.
const ColumnSql* find_column(std::string_view name);

// The joins that `expressions` need, to be appended after the base table (winners w, or
// measurements m): a table that no expression names is not visited.
std::string joins_for(std::string_view expressions, bool winners);

}  // namespace perftune::sqlite
