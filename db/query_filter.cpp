#include "db/query_filter.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "db/query_columns.hpp"
#include "recipes/error.hpp"

namespace perftune::sqlite {

namespace {

Error wrong(const std::string& what) { return {ErrorKind::usage, what}; }

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

double need_number(const Condition& condition) {
  if (const auto value = number(condition.value)) return *value;
  throw wrong(fmt::format("{}{}{}: {:?} is not a number", condition.name, condition.comparison,
                          condition.value, condition.value));
}

// "90m", "12h", "7d", "2w"; plain numbers are seconds.
double need_seconds(const Condition& condition) {
  std::string_view text = condition.value;
  double unit = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 's':
        unit = 1;
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      case 'w':
        unit = 7 * 86400;
        break;
      default:
        unit = 0;
        break;
    }
    if (unit > 0) {
      text.remove_suffix(1);
    } else {
      unit = 1;
    }
  }
  if (const auto value = number(text); value && *value >= 0 && *value * unit < 1e11) {
    return *value * unit;
  }
  throw wrong(fmt::format("age{}{}: not a duration; write 90m, 12h, 7d or 2w", condition.comparison,
                          condition.value));
}

void add(Filter::Part& part, const std::string& sql, Cell value) {
  part.sql += part.sql.empty() ? sql : " AND " + sql;
  part.values.push_back(std::move(value));
}

bool is_glob(const std::string& text) { return text.find_first_of("*?") != std::string::npos; }

// "expression = ?" in the flavour that the value asks for.
std::string compare_text(const std::string& expression, const Condition& condition) {
  if (condition.comparison == "=" && is_glob(condition.value)) return expression + " GLOB ?";
  if (condition.comparison == "!=" && is_glob(condition.value)) {
    return "NOT (" + expression + " GLOB ?)";
  }
  return expression + " " + condition.comparison + " ?";
}

// Indexes by the expression over m that they serve. An index that leaves out nulls serves every
// comparison, because a null never compares.
struct IndexedExpression {
  std::string_view expression;
  const char* index;
  const char* besides;  // what the planner must read to accept a partial index
};
constexpr IndexedExpression indexed_expressions[] = {
    {"m.median_us", "measurements_by_median", "m.median_us IS NOT NULL AND "},
    {"m.predicted_us", "measurements_by_prediction", "m.predicted_us IS NOT NULL AND "},
    {"m.spread", "measurements_by_spread", "m.spread IS NOT NULL AND "},
    {"m.roofline_us / m.median_us", "measurements_by_fraction", "m.roofline_us IS NOT NULL AND "},
    {"m.predicted_low_us", "measurements_by_lower_end", "m.predicted_low_us IS NOT NULL AND "},
    {"m.predicted_high_us", "measurements_by_upper_end", "m.predicted_high_us IS NOT NULL AND "},
    {"m.roofline_us", "measurements_by_roofline", "m.roofline_us IS NOT NULL AND "},
    {"m.clock_mhz", "measurements_by_clock", "m.clock_mhz IS NOT NULL AND "},
    {"m.sample_count", "measurements_by_samples", ""},
    {"m.limiter", "measurements_by_limiter", ""},
    {"m.verified_by", "measurements_by_verification", ""},
    {"m.phase", "measurements_by_phase", ""},
    {"m.outcome", "measurements_by_outcome", ""},
};
// Small tables that measurements refer to.
struct IndexedParent {
  std::string_view prefix;
  const char* index;
  const char* rows;
};
constexpr IndexedParent indexed_parents[] = {
    {"q.", "measurements_by_policy", "m.policy IN (SELECT q.id FROM policies q WHERE "},
    {"p.", "measurements_by_provenance", "m.provenance IN (SELECT p.id FROM provenances p WHERE "},
    {"r.", "measurements_by_run", "m.run IN (SELECT r.id FROM runs r WHERE "},
};

void add_indexed(Filter& filter, std::string_view expression, const std::string& sql, const Cell& value) {
  for (const IndexedExpression& each : indexed_expressions)
    if (each.expression == expression) filter.indexed.push_back({each.index, each.besides + sql, {value}});
  for (const IndexedParent& each : indexed_parents)
    if (expression.starts_with(each.prefix)) filter.indexed.push_back({each.index, each.rows + sql + ")", {value}});
}

// A rate is bounded by the time that the largest (or smallest) operator of the store would take at it.
void add_indexed_rate(Filter& filter, const Condition& condition, double tflops) {
  if (tflops <= 0 || condition.comparison.front() == '=' || condition.comparison.front() == '!') return;
  const bool fast = condition.comparison.front() == '>';
  filter.indexed.push_back(
      {"measurements_by_median",
       fmt::format("m.median_us IS NOT NULL AND m.median_us {} (SELECT {}(flops) FROM operators) / ?", fast ? "<=" : ">=",
                   fast ? "max" : "min"),
       // A little more, so that rounding loses nothing.
       {tflops * 1e6 * (fast ? 1 - 1e-9 : 1 + 1e-9)}});
}

// Which part of the filter an expression belongs to: the one table that it speaks of.
Filter::Part& part_for(Filter& filter, std::string_view expression) {
  // A subquery on the operator's names or dimensions.
  if (expression.starts_with("(SELECT")) return filter.op;
  if (expression.starts_with("o.") && expression.find("m.") == std::string_view::npos &&
      expression.find("w.") == std::string_view::npos) {
    return filter.op;
  }
  if (expression.starts_with("h.")) return filter.hardware;
  if (expression.starts_with("b.") || expression.starts_with("k.") ||
      expression.starts_with("t.")) {
    return filter.build;
  }
  return filter.other;
}

bool has_dimension(Database& database, const std::string& name) {
  Query row = database.query("SELECT 1 FROM operator_dims WHERE dim = ? LIMIT 1");
  row.bind(name);
  return row.step();
}

void add_dimension(Filter& filter, const Condition& condition) {
  const double extent = need_number(condition);
  filter.op.values.emplace_back(condition.name);
  // A list rather than EXISTS: one range of the index, not one search per operator.
  add(filter.op,
      fmt::format("o.id IN (SELECT d.operator FROM operator_dims d WHERE d.dim = ? "
                  "AND d.extent {} ?)",
                  condition.comparison),
      extent);
}

void add_age(Filter& filter, const Condition& condition, bool winners, std::int64_t now_ms) {
  if (condition.comparison == "=" || condition.comparison == "!=") {
    throw wrong("age: compare with < or >, as in age<7d");
  }
  const std::int64_t then = now_ms - static_cast<std::int64_t>(need_seconds(condition) * 1000);
  // Younger than means taken later than.
  const std::string mirrored = (condition.comparison.front() == '<' ? ">" : "<") + condition.comparison.substr(1);
  add(filter.other, (winners ? "w.decided_at_ms " : "m.taken_at_ms ") + mirrored + " ?", then);
}

}  // namespace

Condition parse_condition(std::string_view text) {
  const std::size_t at = text.find_first_of("=!<>");
  if (at == std::string_view::npos || at == 0) {
    throw wrong(
        fmt::format("{:?} is not a condition; write column=value, column>=number or "
                    "dimension<number",
                    text));
  }
  std::size_t end = at + 1;
  if (end < text.size() && text[end] == '=') ++end;
  Condition condition{std::string(text.substr(0, at)), std::string(text.substr(at, end - at)),
                      std::string(text.substr(end))};
  if (condition.comparison == "!") throw wrong(fmt::format("{:?}: write != for \"not\"", text));
  if (condition.comparison == "==") condition.comparison = "=";
  while (!condition.name.empty() && condition.name.back() == ' ') condition.name.pop_back();
  condition.value.erase(0, condition.value.find_first_not_of(' '));
  return condition;
}

Filter make_filter(Database& database, const std::vector<std::string>& conditions, bool winners,
                   std::int64_t now_ms) {
  Filter filter;
  for (const std::string& text : conditions) {
    const Condition condition = parse_condition(text);
    if (condition.name == "age") {
      add_age(filter, condition, winners, now_ms);
      continue;
    }
    if (condition.name == "operator") {
      // Any of its names counts, not only the one that is shown.
      add(filter.op,
          fmt::format("o.id {} (SELECT n.operator FROM operator_names n WHERE {})",
                      condition.comparison == "!=" ? "NOT IN" : "IN",
                      is_glob(condition.value) ? "n.name GLOB ?" : "n.name = ?"),
          condition.value);
      if (condition.comparison != "=" && condition.comparison != "!=") {
        throw wrong("operator: compare with = or !=");
      }
      continue;
    }
    const ColumnSql* column = find_column(condition.name);
    if (column == nullptr) {
      if (!has_dimension(database, condition.name)) {
        throw wrong(
            fmt::format("{:?} is neither a column nor a dimension of any stored operator; "
                        "`perftune query --list-columns` names the columns",
                        condition.name));
      }
      add_dimension(filter, condition);
      continue;
    }
    const std::string expression =
        winners && column->winners != nullptr ? column->winners : column->history;
    Filter::Part& part = part_for(filter, expression);
    const bool numeric = column->column.number;
    const std::string sql =
        numeric ? expression + " " + condition.comparison + " ?" : compare_text(expression, condition);
    const Cell value = numeric ? Cell(need_number(condition)) : Cell(condition.value);
    add(part, sql, value);
    if (!winners || (column->winners == nullptr && expression.starts_with("m.")))
      add_indexed(filter, expression, sql, value);
    if (!winners && condition.name == "tflops") add_indexed_rate(filter, condition, need_number(condition));
  }
  return filter;
}

void bind_all(Query& query, const std::vector<Cell>& values) {
  for (const Cell& value : values) {
    std::visit(
        [&](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) {
            query.bind(nullptr);
          } else {
            query.bind(v);
          }
        },
        value);
  }
}

}  // namespace perftune::sqlite
