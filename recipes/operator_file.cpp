#include "recipes/operator_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "recipes/definition.hpp"
#include "recipes/operator_text.hpp"

namespace perftune {

std::vector<OperatorPoint> parse_operator_text(const std::string& text, const std::string& file) {
  const YamlNode root = parse_yaml(text, file);
  root.expect_map("an operator file");
  root.expect_keys(operator_keys());
  OperatorSource read = read_operator_source(root, std::filesystem::path(file).stem().string());
  read.definition = definition_body(root);
  const auto source = std::make_shared<const OperatorSource>(std::move(read));
  std::vector<Dims> combinations(1);
  if (const YamlNode* dims = root.find("dims")) combinations = read_points(*dims);
  std::vector<OperatorPoint> points;
  for (const Dims& dims : combinations) points.push_back({bind(source, dims), 1});
  return points;
}

std::vector<OperatorPoint> read_operator_file(const std::string& path) {
  return parse_operator_text(read_text_file(path), path);
}

}  // namespace perftune
