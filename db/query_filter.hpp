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
  // A condition (or several on one table) that an index of measurements answers alone.
  struct Indexed {
    const char* index;
    std::string sql;  // over m
    std::vector<Cell> values;
  };
  Part op;                     // over o only
  Part build;                  // over b, k and t only
  Part hardware;               // over h only
  Part other;                  // over m, w and the rest
  std::vector<Indexed> indexed;  // of `other`: each is one way to reach the rows
};

// Throws Error{usage} for an unknown name or a value that is no number where one is needed.
Filter make_filter(Database& database, const std::vector<std::string>& conditions, bool winners,
                   std::int64_t now_ms);

void bind_all(Query& query, const std::vector<Cell>& values);

}  // namespace perftune::sqlite
