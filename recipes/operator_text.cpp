#include "recipes/operator_text.hpp"

#include <algorithm>
#include <utility>

#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr std::size_t kMostPoints = 4096;

template <typename Work>
auto with_place(const YamlNode& where, Work work) {
  try {
    return work();
  } catch (const SyntaxError& problem) {
    where.fail_at(problem.offset, problem.what, problem.right);
  }
}

void check_name(const YamlNode& key, std::string_view what) {
  if (!is_identifier(key.text()))
    key.fail(words("'{}' cannot name a {}", key.text().substr(0, 40), what),
             "a letter, then letters, digits and underscores");
  if (is_reserved_word(key.text()))
    key.fail(words("'{}' is a function and cannot name a {}", key.text(), what),
             "choose another name");
}

std::vector<std::int64_t> integers(const YamlNode& list, std::string_view what) {
  std::vector<std::int64_t> values;
  for (const YamlNode& item : list.expect_list(what).items()) {
    values.push_back(item.expect_integer(what));
    if (values.back() < 1)
      item.fail(words("{} is {}", what, values.back()), "extents are at least 1");
  }
  if (values.empty()) list.fail(words("{} has no values", what));
  return values;
}

std::vector<std::int64_t> extents_of(const YamlNode& key, const YamlNode& value) {
  const std::string what = words("the dimension '{}'", key.text());
  if (value.is_list()) return integers(value, what);
  if (!value.is_map()) {
    const std::int64_t extent = value.expect_integer(what);
    if (extent < 1) value.fail(words("{} is {}", what, extent), "extents are at least 1");
    return {extent};
  }
  value.expect_keys({"range", "points"});
  const YamlNode& range = value.required("range");
  const auto ends = integers(range, "range");
  if (ends.size() != 2 || ends[0] > ends[1])
    range.fail("a range has a first and a last value", "range: [1, 4096]");
  const YamlNode& points = value.required("points");
  auto chosen = integers(points, "points");
  for (std::size_t i = 0; i < chosen.size(); ++i)
    if (chosen[i] < ends[0] || chosen[i] > ends[1])
      points.items()[i].fail(
          words("{} lies outside the range {} to {}", chosen[i], ends[0], ends[1]));
  return chosen;
}

void read_tensors(const YamlNode& map, Tensor::Role role, const YamlNode* pads,
                  OperatorSource& source) {
  map.expect_map("a list of tensors");
  for (std::size_t i = 0; i < map.keys().size(); ++i) {
    const YamlNode& key = map.keys()[i];
    const YamlNode& value = map.items()[i];
    check_name(key, "tensor");
    for (const auto& other : source.tensors)
      if (other.name == key.text())
        key.fail(words("the tensor '{}' is declared twice", key.text()));
    for (const auto& dim : source.dims)
      if (dim.name == key.text()) key.fail(words("'{}' is a dimension already", key.text()));
    const std::string& text = value.expect_text("a tensor");
    const SyntaxTensor parsed = with_place(value, [&] { return parse_tensor(text); });
    const auto type = parse_dtype(parsed.type);
    if (!type)
      value.fail_at(parsed.type_offset, words("unknown type '{}'", parsed.type),
                    "types: f64 f32 tf32 f16 bf16 f8e4m3 f8e5m2 i32 i8 u8 bool");
    OperatorSource::TensorDeclaration declaration{key.text(), *type,          role,
                                                  {},         parsed.extents, value};
    if (const YamlNode* pad = pads == nullptr ? nullptr : pads->find(key.text()))
      declaration.pad = pad->expect_number("a pad value");
    source.tensors.push_back(std::move(declaration));
  }
}

void read_dims(const YamlNode& root, OperatorSource& source) {
  if (const YamlNode* dims = root.find("dims")) {
    dims->expect_map("dims");
    for (std::size_t i = 0; i < dims->keys().size(); ++i) {
      check_name(dims->keys()[i], "dimension");
      source.dims.push_back({dims->keys()[i].text(), dims->keys()[i]});
    }
  }
  if (const YamlNode* let = root.find("let")) {
    let->expect_map("let");
    for (std::size_t i = 0; i < let->keys().size(); ++i) {
      const YamlNode& key = let->keys()[i];
      check_name(key, "dimension");
      for (const auto& dim : source.dims)
        if (dim.name == key.text())
          key.fail(words("'{}' is given under dims already", key.text()));
      const YamlNode& value = let->items()[i];
      const std::string& text = value.expect_text("a derived dimension");
      source.let.push_back(
          {key.text(), with_place(value, [&] { return parse_formula(text); }), value});
    }
  }
}

void read_require(const YamlNode& root, OperatorSource& source) {
  const YamlNode* require = root.find("require");
  if (require == nullptr) return;
  for (const YamlNode& item : require->expect_list("require").items()) {
    const std::string& text = item.expect_text("a condition");
    source.require.push_back({text, with_place(item, [&] { return parse_formula(text); }), item});
  }
}

bool mentions(const Syntax& node, std::string_view name) {
  if (node.kind == Syntax::Kind::word && node.text == name) return true;
  return std::any_of(node.names.begin(), node.names.end(),
                     [&](const auto& axis) { return axis.text == name; }) ||
         std::any_of(node.children.begin(), node.children.end(),
                     [&](const Syntax& child) { return mentions(child, name); });
}

// A dimension that nothing uses is most likely a misspelt one.
void check_dims_used(const OperatorSource& source) {
  for (const OperatorSource::Dimension& dim : source.dims) {
    const auto used = [&](const Syntax& node) { return mentions(node, dim.name); };
    bool found = false;
    for (const auto& formula : source.let) found = found || used(formula.value);
    for (const auto& tensor : source.tensors)
      found = found || std::any_of(tensor.extents.begin(), tensor.extents.end(), used);
    for (const auto& statement : source.statements)
      found = found || used(statement.tree.left) || used(statement.tree.right);
    if (!found)
      dim.key.fail(words("the dimension '{}' is never used", dim.name), "remove it");
  }
}

void check_pads(const YamlNode& pads, const OperatorSource& source) {
  std::vector<std::string_view> names;
  for (const auto& tensor : source.tensors) names.push_back(tensor.name);
  for (const YamlNode& key : pads.expect_map("pad").keys())
    if (std::find(names.begin(), names.end(), key.text()) == names.end()) {
      const std::string near = nearest_name(key.text(), names);
      key.fail(words("unknown tensor '{}'", key.text().substr(0, 40)),
               near.empty() ? "" : words("did you mean '{}'?", near));
    }
}

}  // namespace

const std::vector<std::string_view>& operator_keys() {
  static const std::vector<std::string_view> keys = {
      "name",    "dims",          "let", "require",    "inputs",
      "outputs", "intermediates", "pad", "accumulate", "compute"};
  return keys;
}

std::vector<Dims> read_points(const YamlNode& dims) {
  std::vector<Dims> points(1);
  dims.expect_map("dims");
  for (std::size_t i = 0; i < dims.keys().size(); ++i) {
    const auto extents = extents_of(dims.keys()[i], dims.items()[i]);
    if (extents.size() * points.size() > kMostPoints)
      dims.items()[i].fail(words("more than {} combinations of dimensions", kMostPoints));
    std::vector<Dims> product;
    for (const Dims& point : points)
      for (const std::int64_t extent : extents) {
        product.push_back(point);
        product.back()[dims.keys()[i].text()] = extent;
      }
    points = std::move(product);
  }
  return points;
}

DimRanges read_ranges(const YamlNode& dims) {
  DimRanges ranges;
  for (std::size_t i = 0; i < dims.keys().size(); ++i) {
    const YamlNode* range = dims.items()[i].is_map() ? dims.items()[i].find("range") : nullptr;
    if (range == nullptr) continue;
    const auto ends = integers(*range, "range");
    ranges[dims.keys()[i].text()] = {ends.at(0), ends.at(1)};
  }
  return ranges;
}

OperatorSource read_operator_source(const YamlNode& root, const std::string& name) {
  OperatorSource source;
  source.name = name;
  if (const YamlNode* given = root.find("name")) source.name = given->expect_text("name");
  read_dims(root, source);
  read_require(root, source);
  const YamlNode* pads = root.find("pad");
  if (pads != nullptr) pads->expect_map("pad");
  if (const YamlNode* inputs = root.find("inputs"))
    read_tensors(*inputs, Tensor::Role::input, pads, source);
  read_tensors(root.required("outputs"), Tensor::Role::output, pads, source);
  if (const YamlNode* inner = root.find("intermediates"))
    read_tensors(*inner, Tensor::Role::intermediate, pads, source);
  if (pads != nullptr) check_pads(*pads, source);
  if (const YamlNode* accumulate = root.find("accumulate")) {
    source.accumulate = parse_dtype(accumulate->expect_text("accumulate"));
    if (!source.accumulate)
      accumulate->fail(words("unknown type '{}'", accumulate->text().substr(0, 40)),
                       "types: f64 f32 tf32 f16 bf16 f8e4m3 f8e5m2 i32 i8 u8 bool");
  }
  const YamlNode& compute = root.required("compute").expect_list("compute");
  if (compute.items().empty()) compute.fail("compute has no statements");
  for (const YamlNode& item : compute.items()) {
    const std::string& text = item.expect_text("a statement");
    source.statements.push_back({with_place(item, [&] { return parse_statement(text); }), item});
  }
  check_dims_used(source);
  return source;
}

}  // namespace perftune
