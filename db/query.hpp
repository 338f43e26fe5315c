// Questions to a store: what `perftune query`, reports and exports are made of.
//
//   winners  one row per (operator, hardware, policy): the decided winner (`--best`, the default)
//   top      the `per_group` fastest kernels behind each of those winners
//   history  measurements, newest first
//   near     winners of operators with the same structure, nearest shapes first
//
// Conditions name a column ("fraction>=0.8", "hardware=a100*", "age<7d") or a dimension of the
// operator ("m>=1024"); all must hold. Text matches exactly, or as a glob when it holds * or ?.
// Answers in milliseconds on a million measurements as long as there is a limit: whatever
// condition is rarest picks the index (query_plan.hpp).
//
// Error{usage} for a condition that cannot be read or that names neither column nor dimension.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "db/store.hpp"

namespace perftune {

// Null where a value does not apply: the time of a kernel that did not compile.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

struct Column {
  std::string_view name;
  std::string_view what;  // one line, with the unit
  bool number = false;    // shown to the right
};
// All columns, in the order in which documents list them.
std::vector<Column> query_columns();

struct QueryRequest {
  enum class View { winners, top, history };
  View view = View::winners;
  std::vector<std::string> conditions{};
  std::vector<std::string> columns{};  // empty: the view's usual ones
  int per_group = 5;                   // View::top
  std::int64_t limit = 50;             // rows; 0: all
  std::int64_t now_ms = 0;             // what "age" counts from; 0: the clock
};

struct QueryResult {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  bool more = false;  // the limit cut some off
};

QueryResult query(Store& store, const QueryRequest& request);

// Winners of the shapes nearest to `dims` among operators of the same structure (the distance is
// the sum over dimensions of |log2| of the extents' ratio, in the additional first column).
QueryResult query_near(Store& store, std::string_view structure, const Dims& dims,
                       const QueryRequest& request);

}  // namespace perftune
