#include "cli/shapes_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "recipes/error.hpp"

namespace perftune {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') cells.emplace_back();
    else if (c != '\r' && !(c == ' ' && cells.back().empty())) cells.back() += c;
  }
  return cells;
}

int column_of(const std::vector<std::string>& cells, std::size_t index) {
  std::size_t at = 1;
  for (std::size_t i = 0; i < index; ++i) at += cells[i].size() + 1;
  return static_cast<int>(at);
}

std::string names(const Dims& dims) {
  std::string out;
  for (const auto& [dim, extent] : dims) out += (out.empty() ? "" : ", ") + dim;
  return out;
}

}  // namespace

Dims ShapesTable::dims(std::size_t row, const Dims& base, const std::string& file) const {
  Dims out = base;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto it = out.find(columns[i]);
    if (it == out.end()) continue;
    const std::string& cell = rows[row][i];
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc{} || end != cell.data() + cell.size() || value <= 0)
      throw Error::at({file, lines[row], column_of(rows[row], i)},
                      fmt::format("'{}' is no extent for '{}'", cell, columns[i]),
                      "a positive integer is expected");
    it->second = value;
  }
  return out;
}

ShapesTable read_shapes_csv(std::istream& in, const std::string& file, const Dims& base) {
  ShapesTable table;
  std::string line;
  if (!std::getline(in, line) || line.empty())
    throw Error::at({file, 1, 1}, "the file is empty",
                    "a header with dimension names (" + names(base) + ") is expected");
  table.columns = split(line);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (!seen.insert(table.columns[i]).second)
      throw Error::at({file, 1, column_of(table.columns, i)},
                      fmt::format("column '{}' occurs twice", table.columns[i]), "name it once");
  if (std::none_of(base.begin(), base.end(), [&](const auto& d) { return seen.contains(d.first); }))
    throw Error::at({file, 1, 1}, "no column names a dimension of the operator",
                    "its dimensions are " + names(base));
  for (int number = 2; std::getline(in, line); ++number) {
    if (line.empty() || line == "\r") continue;
    auto cells = split(line);
    if (cells.size() != table.columns.size())
      throw Error::at({file, number, 1},
                      fmt::format("{} cells under {} columns", cells.size(), table.columns.size()),
                      "every row has one cell per column");
    table.rows.push_back(std::move(cells));
    table.lines.push_back(number);
  }
  return table;
}

}  // namespace perftune
