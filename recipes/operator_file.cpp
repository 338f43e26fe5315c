#include "recipes/operator_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "recipes/definition.hpp"
#include "recipes/library.hpp"
#include "recipes/operator_template.hpp"
#include "recipes/operator_points.hpp"
#include "recipes/operator_text.hpp"

namespace perftune {
namespace {

void check_dims(const YamlNode& op, const YamlNode& wanted, const YamlNode* given) {
  Keys known;
  for (const YamlNode& key : wanted.keys()) known.push_back(key.text());
  if (given == nullptr)
    op.fail(fmt::format("{} needs dimensions", op.text()),
            fmt::format("dims: {{{}: ...}}", fmt::join(known, ": ..., ")));
  given->expect_map("dims").expect_keys(known);
  for (const std::string_view name : known)
    if (given->find(name) == nullptr)
      given->fail(fmt::format("{} needs the dimension '{}'", op.text(), name),
                  fmt::format("its dimensions: {}", fmt::join(known, ", ")));
}

// An operator of the library, by name.
std::vector<OperatorPoint> read_named(const YamlNode& root, const std::string& name,
                                      const Keys& more) {
  const YamlNode& op = root.required("op");
  const EmbeddedFile* file = find_library_file(op.expect_text("op"));
  if (file == nullptr) {
    const std::vector<std::string> names = library_operators();
    const std::string near = nearest_name(op.text(), Keys(names.begin(), names.end()));
    op.fail(fmt::format("unknown operator '{}'", op.text().substr(0, 40)),
            near.empty() ? fmt::format("known: {}", fmt::join(names, ", "))
                         : fmt::format("did you mean '{}'?", near));
  }
  const YamlNode library = parse_yaml(std::string(file->text), std::string(file->path));
  root.expect_keys(joined(
      joined({"op", "name", "dims", "epilogue", "accumulate", "part"}, parameter_keys(library)), more));
  const ExpandedTemplate expanded = expand_template(library, &root);
  OperatorSource source = read_operator_source(expanded.root, name);
  source.constants = expanded.constants;
  source.definition = definition_body(expanded.root, expanded.constants);
  read_part(root, source);
  source.named_at = op;
  source.name = name;
  if (const YamlNode* given = root.find("name")) source.name = given->expect_text("name");
  const YamlNode* dims = root.find("dims");
  check_dims(op, library.required("dims"), dims);
  return bind_points(std::move(source), dims);
}

std::vector<OperatorPoint> read_one(const YamlNode& root, const std::string& name,
                                    const Keys& more) {
  root.expect_map("an operator");
  return root.find("op") != nullptr ? read_named(root, name, more) : read_written_operator(root, name, more);
}

std::vector<OperatorPoint> read_suite(const YamlNode& root) {
  root.expect_keys({"suite", "description", "operators"});
  root.required("suite").expect_text("suite");
  const YamlNode& list = root.required("operators").expect_list("operators");
  if (list.items().empty()) list.fail("a suite without operators");
  std::vector<OperatorPoint> result;
  for (const YamlNode& item : list.items()) {
    const YamlNode* op = item.expect_map("an operator").find("op");
    const std::string name = op != nullptr ? op->expect_text("op") : root.required("suite").text();
    double weight = 1;
    if (const YamlNode* given = item.find("weight")) {
      weight = given->expect_number("weight");
      if (!(weight > 0) || weight > 1e12) given->fail("a weight is positive and finite");
    }
    for (OperatorPoint& point : read_one(item, name, {"weight"})) {
      point.weight = weight;
      point.suite = root.required("suite").text();
      result.push_back(std::move(point));
    }
  }
  return result;
}

}  // namespace

std::vector<OperatorPoint> parse_operator_text(const std::string& text, const std::string& file) {
  const YamlNode root = parse_yaml(text, file);
  root.expect_map("an operator file");
  if (root.find("suite") != nullptr) return read_suite(root);
  return read_one(root, std::filesystem::path(file).stem().string(), {});
}

std::vector<OperatorPoint> read_operator_file(const std::string& path) {
  std::error_code ignored;
  if (find_library_file(path) != nullptr && !std::filesystem::exists(path, ignored))
    throw Error(
        ErrorKind::usage,
        fmt::format("'{0}' is an operator of the library and needs dimensions; write a file with "
                    "\"op: {0}\" and \"dims: {{...}}\", or name the library's own file "
                    "recipes/library/{0}.yaml for its default dimensions",
                    path));
  if (path.ends_with(".onnx"))
    throw Error(ErrorKind::usage, path + ": an ONNX model, which `tune`, `predict` and `run` read; an operator file is expected here");
  return parse_operator_text(read_text_file(path), path);
}

}  // namespace perftune
