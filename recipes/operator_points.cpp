#include "recipes/operator_points.hpp"

#include <algorithm>
#include <utility>

#include "recipes/definition.hpp"
#include "recipes/operator_template.hpp"
#include "recipes/operator_text.hpp"
#include "recipes/plain_text.hpp"
#include "recipes/words.hpp"

namespace perftune {

Keys joined(Keys keys, const Keys& more) {
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

std::vector<OperatorPoint> bind_points(OperatorSource source, const YamlNode* dims) {
  const auto shared = std::make_shared<const OperatorSource>(std::move(source));
  const auto points = dims == nullptr ? std::vector<Dims>(1) : read_points(*dims);
  const DimRanges ranges = dims == nullptr ? DimRanges() : read_ranges(*dims);
  std::vector<OperatorPoint> result;
  for (const Dims& point : points) {
    result.push_back({bind(shared, point), 1});
    result.back().ranges = ranges;
  }
  return result;
}

void read_part(const YamlNode& root, OperatorSource& source) {
  const YamlNode* part = root.find("part");
  if (part == nullptr) return;
  for (const YamlNode& item : part->expect_list("part").items()) {
    const std::int64_t statement = item.expect_integer("a statement's number");
    const auto last = static_cast<std::int64_t>(source.statements.size()) - 1;
    if (statement < 0 || statement > last || (!source.part.empty() && statement <= source.part.back()))
      item.fail(words("{} is no statement that could follow", statement),
                words("ascending numbers from 0 to {}", last));
    source.part.push_back(static_cast<int>(statement));
  }
  if (source.part.empty()) part->fail("a part without statements");
}

std::vector<OperatorPoint> read_written_operator(const YamlNode& root, const std::string& name,
                                                 const Keys& more) {
  root.expect_keys(joined(joined(operator_keys(), {"parameters", "epilogue", "part"}), more));
  const ExpandedTemplate expanded = expand_template(root, nullptr);
  OperatorSource source = read_operator_source(expanded.root, name);
  source.constants = expanded.constants;
  source.definition = definition_body(expanded.root, expanded.constants);
  read_part(root, source);
  const YamlNode* dims = expanded.root.find("dims");
  return bind_points(std::move(source), dims);
}

namespace {

// A definition without the lines of one shape: what OperatorSource::definition is.
std::string body_of(std::string_view definition) {
  std::string body;
  while (!definition.empty()) {
    const std::size_t end = std::min(definition.find('\n'), definition.size() - 1) + 1;
    const std::string_view line = definition.substr(0, end);
    if (!line.starts_with("name: ") && !line.starts_with("dims: ") && !line.starts_with("part: ")) body += line;
    definition.remove_prefix(end);
  }
  return body;
}

}  // namespace

Operator read_definition(const std::string& text, const std::string& file) {
  const YamlNode root = parse_plain(text, file);
  if (const YamlNode* named = root.find("op"))
    named->fail("an operator of the library by name, as older versions stored it", "tune it again");
  root.expect_keys(joined(operator_keys(), {"part"}));
  OperatorSource source = read_operator_source(root, "");
  source.definition = body_of(text);
  read_part(root, source);
  auto points = bind_points(std::move(source), root.find("dims"));
  if (points.size() != 1) root.fail("several shapes in one definition");
  return std::move(points.front().op);
}

}  // namespace perftune
