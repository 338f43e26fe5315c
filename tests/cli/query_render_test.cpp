// What a store holds may come from anywhere: in every format it stays data.
#include "cli/query_render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace perftune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

QueryResult sample() {
  QueryResult result;
  result.columns = {{"operator", ""}, {"measured_us", "", true}, {"samples", "", true}};
  result.rows = {
      {std::string("plain"), 12.345678901, std::int64_t{7}},
      {std::string("a,\"b\"\n<script>|\x1b[31m\xff"), std::monostate(), std::int64_t{0}}};
  return result;
}

TEST(QueryRenderTest, TableShowsControlCharactersAsEscapes) {
  const std::string text = render(sample(), QueryFormat::table);
  EXPECT_THAT(text, HasSubstr("12.346"));
  EXPECT_THAT(text, HasSubstr("\\n<script>|\\x1b[31m"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST(QueryRenderTest, CsvQuotesAndKeepsEveryDigit) {
  const std::string text = render(sample(), QueryFormat::csv);
  EXPECT_THAT(text, HasSubstr("operator,measured_us,samples\r\n"));
  EXPECT_THAT(text, HasSubstr("plain,12.345678901,7\r\n"));
  EXPECT_THAT(text, HasSubstr("\"a,\"\"b\"\"\n<script>|"));
}

TEST(QueryRenderTest, JsonIsValidWhateverTheBytes) {
  const auto document = nlohmann::json::parse(render(sample(), QueryFormat::json));
  EXPECT_EQ(document.at("schema"), "perftune.query/1");
  EXPECT_EQ(document.at("rows").at(0).at("measured_us"), 12.345678901);
  EXPECT_TRUE(document.at("rows").at(1).at("measured_us").is_null());
  EXPECT_EQ(document.at("more"), false);
}

TEST(QueryRenderTest, MarkdownEscapesItsMarkup) {
  const std::string text = render(sample(), QueryFormat::markdown);
  EXPECT_THAT(text, HasSubstr("| operator | measured_us | samples |\n|---|---:|---:|\n"));
  EXPECT_THAT(text, HasSubstr("&lt;script&gt;\\|"));
}

TEST(QueryRenderTest, NoRowsIsAHeading) {
  QueryResult empty = sample();
  empty.rows.clear();
  EXPECT_EQ(render(empty, QueryFormat::table), "operator  measured_us  samples\n");
  EXPECT_EQ(nlohmann::json::parse(render(empty, QueryFormat::json)).at("rows").size(), 0U);
}

}  // namespace
}  // namespace perftune
