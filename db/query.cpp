#include "db/query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "db/query_columns.hpp"
#include "db/query_filter.hpp"
#include "db/query_plan.hpp"
#include "db/rows.hpp"
#include "db/sqlite.hpp"
#include "recipes/error.hpp"

namespace perftune {

using sqlite::Filter;
using sqlite::Query;
using sqlite::WinnerGroup;

namespace {

using View = QueryRequest::View;

constexpr std::array usual_winner_columns = {"operator", "dims",        "hardware",     "target",
                                             "kernel",   "measured_us", "predicted_us", "basis",
                                             "fraction", "tflops",      "limiter"};
// Last of the usual ones, and shown only where it tells rows apart (drop_policy_of_one).
constexpr const char* policy_column = "policy";
constexpr std::array usual_history_columns = {"taken_at", "operator",     "dims",     "hardware",
                                              "target",   "kernel",       "status",   "measured_us",
                                              "spread",   "predicted_us", "fraction", "detail"};

std::vector<const sqlite::ColumnSql*> chosen_columns(const QueryRequest& request) {
  std::vector<const sqlite::ColumnSql*> columns;
  const auto take = [&](std::string_view name) {
    const sqlite::ColumnSql* column = sqlite::find_column(name);
    if (column == nullptr) {
      std::string known;
      for (const auto& each : sqlite::column_table()) known += fmt::format(" {}", each.column.name);
      throw Error(ErrorKind::usage, fmt::format("no column {:?}; there are{}", name, known));
    }
    columns.push_back(column);
  };
  for (const std::string& name : request.columns) take(name);
  if (!columns.empty()) return columns;
  if (request.view == View::winners) {
    for (const char* name : usual_winner_columns) take(name);
  } else {
    for (const char* name : usual_history_columns) take(name);
  }
  take(policy_column);
  return columns;
}

// Winners of one operator and device under several policies (--fast, --cache, --objective energy) look like
// contradictions unless the policy is shown; where every operator has one, it only takes space.
void drop_policy_of_one(const QueryRequest& request, QueryResult& result) {
  if (!request.columns.empty()) return;
  const auto at = [&](std::string_view name) {
    return std::find_if(result.columns.begin(), result.columns.end(), [&](const Column& c) { return c.name == name; }) -
           result.columns.begin();
  };
  const auto op = at("operator"), dims = at("dims"), hardware = at("hardware"), policy = at(policy_column);
  std::map<std::array<Cell, 3>, Cell> seen;
  for (const auto& row : result.rows) {
    const auto [place, fresh] = seen.emplace(std::array{row[op], row[dims], row[hardware]}, row[policy]);
    if (!fresh && place->second != row[policy]) return;
  }
  result.columns.erase(result.columns.begin() + policy);
  for (auto& row : result.rows) row.erase(row.begin() + policy);
}

Cell cell(const Query& row, int column, bool number) {
  if (row.is_null(column)) return std::monostate();
  if (!number) return row.text(column);
  if (row.is_integer(column)) return row.integer(column);
  return row.real(column);
}

// Fills result.rows with one row per key, which `bind_key` binds.
template <class Keys, class Bind>
void render(sqlite::Database& database, const std::vector<const sqlite::ColumnSql*>& columns,
            bool winners, const std::string& key_condition, const Keys& keys, Bind bind_key,
            QueryResult& result) {
  std::string list;
  for (const auto* column : columns) {
    list += list.empty() ? " " : ", ";
    list += winners && column->winners != nullptr ? column->winners : column->history;
    result.columns.push_back(column->column);
  }
  const std::string sql = "SELECT" + list + (winners ? " FROM winners w" : " FROM measurements m") +
                          sqlite::joins_for(list, winners) + " WHERE " + key_condition;
  for (const auto& key : keys) {
    Query row = database.query(sql);
    bind_key(row, key);
    if (!row.step()) continue;
    std::vector<Cell> cells;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      cells.push_back(cell(row, static_cast<int>(i), columns[i]->column.number));
    }
    result.rows.push_back(std::move(cells));
  }
}

void render_winners(sqlite::Database& database,
                    const std::vector<const sqlite::ColumnSql*>& columns,
                    const std::vector<WinnerGroup>& groups, QueryResult& result) {
  render(
      database, columns, true, "w.operator = ? AND w.hardware = ? AND w.policy = ?", groups,
      [](Query& row, const WinnerGroup& group) {
        row.bind(group.op).bind(group.hardware).bind(group.policy);
      },
      result);
}

template <class Keys>
bool cut(Keys& keys, std::int64_t limit) {
  if (limit <= 0 || static_cast<std::int64_t>(keys.size()) <= limit) return false;
  keys.resize(static_cast<std::size_t>(limit));
  return true;
}

}  // namespace

std::vector<Column> query_columns() {
  std::vector<Column> columns;
  for (const auto& column : sqlite::column_table()) columns.push_back(column.column);
  return columns;
}

QueryResult query(Store& store, const QueryRequest& request) {
  sqlite::Database& database = store.database();
  const auto columns = chosen_columns(request);
  const bool winners = request.view != View::history;
  const std::int64_t now = request.now_ms != 0 ? request.now_ms : sqlite::now_ms();
  const Filter filter = sqlite::make_filter(database, request.conditions, winners, now);
  const std::int64_t one_more = request.limit > 0 ? request.limit + 1 : -1;

  QueryResult result;
  if (request.view == View::winners) {
    auto groups = sqlite::find_winners(database, filter, one_more);
    result.more = cut(groups, request.limit);
    render_winners(database, columns, groups, result);
    drop_policy_of_one(request, result);
    return result;
  }
  std::vector<std::int64_t> ids;
  if (request.view == View::history) {
    ids = sqlite::find_measurements(database, filter, one_more);
  } else {
    for (const WinnerGroup& group : sqlite::find_winners(database, filter, one_more)) {
      sqlite::add_fastest(database, group, request.per_group, ids);
      if (request.limit > 0 && static_cast<std::int64_t>(ids.size()) > request.limit) break;
    }
  }
  result.more = cut(ids, request.limit);
  render(
      database, columns, false, "m.id = ?", ids, [](Query& row, std::int64_t id) { row.bind(id); },
      result);
  drop_policy_of_one(request, result);
  return result;
}

QueryResult query_near(Store& store, std::string_view structure, const Dims& dims,
                       const QueryRequest& request) {
  sqlite::Database& database = store.database();
  const auto columns = chosen_columns(request);
  const std::int64_t now = request.now_ms != 0 ? request.now_ms : sqlite::now_ms();
  const Filter filter = sqlite::make_filter(database, request.conditions, true, now);

  // Several names of one operator may call its dimensions differently: the nearest reading counts.
  std::map<std::int64_t, double> distance;  // by operator
  Query row = database.query(
      "SELECT d.operator, d.name, d.dim, d.extent FROM operators o JOIN operator_dims d "
      "ON d.operator = o.id WHERE o.structure = ? ORDER BY d.operator, d.name");
  row.bind(structure);
  std::map<std::string, std::int64_t> extents;
  std::pair<std::int64_t, std::string> reading;
  const auto finish = [&] {
    double sum = 0;
    for (const auto& [dim, extent] : dims) {
      const auto found = extents.find(dim);
      if (found == extents.end() || found->second <= 0 || extent <= 0) return;
      sum += std::abs(std::log2(static_cast<double>(found->second) / static_cast<double>(extent)));
    }
    const auto [at, added] = distance.emplace(reading.first, sum);
    if (!added) at->second = std::min(at->second, sum);
  };
  while (row.step()) {
    std::pair now_reading(row.integer(0), row.text(1));
    if (now_reading != reading) {
      if (!extents.empty()) finish();
      extents.clear();
      reading = std::move(now_reading);
    }
    extents[row.text(2)] = row.integer(3);
  }
  if (!extents.empty()) finish();

  std::vector<WinnerGroup> groups = sqlite::find_winners(database, filter, -1);
  std::erase_if(groups, [&](const WinnerGroup& group) { return !distance.contains(group.op); });
  std::stable_sort(groups.begin(), groups.end(), [&](const WinnerGroup& a, const WinnerGroup& b) {
    return distance.at(a.op) < distance.at(b.op);
  });
  QueryResult result;
  result.more = cut(groups, request.limit);
  render_winners(database, columns, groups, result);
  drop_policy_of_one(request, result);
  result.columns.insert(result.columns.begin(),
                        {"distance", "sum of |log2| of extents' ratios", true});
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    result.rows[i].insert(result.rows[i].begin(), distance.at(groups[i].op));
  }
  return result;
}

}  // namespace perftune
