// Conditions of a query: text to SQL with bound values. Nothing that a user wrote becomes SQL.
// Internal to db/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/query.hpp"
#include "db/sqlite.hpp"

namespace perftune::sqlite {

// "m>=1024" -> {"m", ">=", "1024"}. Throws Error{usage} without a name or a comparison.
struct Condition {
  std::string name;
  std::string comparison;  // = != < <= > >=
  std::string value;
};
Condition parse_condition(std::string_view text);

// A conjunction as SQL over the tables of query_columns.hpp, split by what it speaks of, so that
// the rarest part can drive the query.
struct Filter {
  struct Part {
    std::string sql;           // "" or "a AND b"
    std::vector<Cell> values;  // its parameters, left to right
  };
  Part op;                     // over o only
  Part build;                  // over b, k and t only
  Part hardware;               // over h only
  Part other;                  // over m, w and the rest
  bool about_outcome = false;  // `other` fixes m.outcome to `outcome`
  std::string outcome;
  double fraction_from = -1;       // a lower bound on the fraction of the roofline; -1: none
  std::int64_t newer_than_ms = 0;  // an upper bound on age; 0: none
};

// Throws Error{usage} for an unknown name or a value that is no number where one is needed.
Filter make_filter(Database& database, const std::vector<std::string>& conditions, bool winners,
                   std::int64_t now_ms);

void bind_all(Query& query, const std::vector<Cell>& values);

}  // namespace perftune::sqlite
