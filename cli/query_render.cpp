#include "cli/query_render.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/json_text.hpp"
#include "cli/text_table.hpp"

namespace perftune {
namespace {

// Five significant digits for people; `exact` for programs.
std::string text_of(const Cell& cell, bool exact) {
  struct Visitor {
    bool exact;
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
    std::string operator()(double value) const {
      return exact ? fmt::format("{}", value) : fmt::format("{:.5g}", value);
    }
    std::string operator()(const std::string& value) const { return value; }
  };
  return std::visit(Visitor{exact}, cell);
}

// A name must not move the cursor or change the colours of whoever looks at it.
std::string visible(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (u < 0x20 || u == 0x7f) out += fmt::format("\\x{:02x}", u);
    else out += c;
  }
  return out;
}

// RFC 4180.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string markdown_cell(const std::string& text) {
  std::string out;
  for (const char c : visible(text)) {
    if (c == '|' || c == '`' || c == '*' || c == '_') out += '\\', out += c;
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else out += c;
  }
  return out;
}

std::string as_table(const QueryResult& result) {
  std::vector<std::string> headings;
  for (const Column& column : result.columns) {
    headings.push_back((column.number ? ">" : "") + std::string(column.name));
  }
  TextTable table(headings);
  for (const auto& row : result.rows) {
    std::vector<std::string> cells;
    for (const Cell& cell : row) cells.push_back(visible(text_of(cell, false)));
    table.add(std::move(cells));
  }
  return table.text();
}

std::string as_csv(const QueryResult& result) {
  std::string out;
  for (std::size_t i = 0; i < result.columns.size(); ++i) {
    out += (i > 0 ? "," : "") + std::string(result.columns[i].name);
  }
  out += "\r\n";
  for (const auto& row : result.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out += ",";
      out += csv_field(text_of(row[i], true));
    }
    out += "\r\n";
  }
  return out;
}

std::string as_json(const QueryResult& result) {
  using Json = nlohmann::ordered_json;
  Json document{{"schema", "perftune.query/1"}, {"columns", Json::array()}, {"rows", Json::array()}};
  for (const Column& column : result.columns) document["columns"].push_back(std::string(column.name));
  for (const auto& row : result.rows) {
    Json object = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) {
      Json& value = object[std::string(result.columns[i].name)];
      if (const auto* integer = std::get_if<std::int64_t>(&row[i])) value = *integer;
      else if (const auto* real = std::get_if<double>(&row[i])) value = *real;
      else if (const auto* text = std::get_if<std::string>(&row[i])) value = *text;
    }
    document["rows"].push_back(std::move(object));
  }
  document["more"] = result.more;
  // Bytes that are no UTF-8 become U+FFFD instead of an exception.
  return json_text(document);
}

std::string as_markdown(const QueryResult& result) {
  std::string head = "|", rule = "|", body;
  for (const Column& column : result.columns) {
    head += fmt::format(" {} |", column.name);
    rule += column.number ? "---:|" : "---|";
  }
  for (const auto& row : result.rows) {
    body += "|";
    for (const Cell& cell : row) body.append(" ").append(markdown_cell(text_of(cell, false))).append(" |");
    body += "\n";
  }
  return head + "\n" + rule + "\n" + body;
}

}  // namespace

std::string render(const QueryResult& result, QueryFormat format) {
  switch (format) {
    case QueryFormat::csv: return as_csv(result);
    case QueryFormat::json: return as_json(result);
    case QueryFormat::markdown: return as_markdown(result);
    case QueryFormat::table: break;
  }
  return as_table(result);
}

}  // namespace perftune
