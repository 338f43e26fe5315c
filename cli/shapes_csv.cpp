#include "cli/shapes_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "recipes/error.hpp"

namespace perftune {
namespace {

struct Line {
  std::vector<std::string> cells;  // without quotes and surrounding blanks
  std::vector<int> columns;        // where each begins, from 1
};

std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// RFC 4180, but a cell ends with its line.
Line split(std::string line, const std::string& file, int number) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  Line out;
  for (std::size_t at = 0; at <= line.size(); ++at) {
    out.columns.push_back(static_cast<int>(at) + 1);
    const std::size_t quote = line.find_first_not_of(" \t", at);
    if (quote != std::string::npos && line[quote] == '"') {
      std::string cell;
      std::size_t i = quote + 1;
      for (; i < line.size(); ++i) {
        if (line[i] == '"' && (i + 1 >= line.size() || line[i + 1] != '"')) break;
        if (line[i] == '"') ++i;
        cell += line[i];
      }
      const std::size_t comma = line.find_first_not_of(" \t", i + 1);
      if (i >= line.size() || (comma != std::string::npos && line[comma] != ','))
        throw Error::at({file, number, static_cast<int>(quote) + 1}, "a quote that does not end its cell",
                        "a quoted cell is followed by a comma or the line's end, and \"\" is a quote in it");
      out.cells.push_back(std::move(cell));
      at = comma == std::string::npos ? line.size() : comma;
    } else {
      const std::size_t comma = std::min(line.find(',', at), line.size());
      out.cells.push_back(trimmed(line.substr(at, comma - at)));
      at = comma;
    }
  }
  return out;
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
      throw Error::at({file, lines[row], places[row][i]},
                      fmt::format("'{}' is no extent for '{}'", cell, columns[i]),
                      "a positive integer is expected");
    it->second = value;
  }
  return out;
}

ShapesTable read_shapes_csv(std::istream& in, const std::string& file, const Dims& base) {
  ShapesTable table;
  std::string line;
  const bool any = static_cast<bool>(std::getline(in, line));
  if (line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);  // spreadsheets begin with a byte order mark
  if (!any || line.empty() || line == "\r")
    throw Error::at({file, 1, 1}, "the file is empty",
                    "a header with dimension names (" + names(base) + ") is expected");
  const Line head = split(line, file, 1);
  table.columns = head.cells;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (!seen.insert(table.columns[i]).second)
      throw Error::at({file, 1, head.columns[i]},
                      fmt::format("column '{}' occurs twice", table.columns[i]), "name it once");
  if (std::none_of(base.begin(), base.end(), [&](const auto& d) { return seen.contains(d.first); }))
    throw Error::at({file, 1, 1}, "no column names a dimension of the operator",
                    "its dimensions are " + names(base));
  for (const auto& [dim, extent] : base)
    if (!seen.contains(dim)) table.missing.push_back(dim);
  for (int number = 2; std::getline(in, line); ++number) {
    if (line.empty() || line == "\r") continue;
    auto [cells, columns] = split(line, file, number);
    if (cells.size() != table.columns.size())
      throw Error::at({file, number, 1},
                      fmt::format("{} cells under {} columns", cells.size(), table.columns.size()),
                      "every row has one cell per column");
    table.rows.push_back(std::move(cells));
    table.places.push_back(std::move(columns));
    table.lines.push_back(number);
  }
  return table;
}

}  // namespace perftune
