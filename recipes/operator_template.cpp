#include "recipes/operator_template.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "recipes/dtype.hpp"
#include "recipes/syntax.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

using Texts = std::map<std::string, std::string, std::less<>>;  // "$name" -> its replacement

constexpr int kDeepestReplacement = 8;  // replacements may contain further names

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string replace(const YamlNode& where, std::string_view text, const Texts& texts,
                    int depth = 0) {
  std::string result;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    result += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    std::size_t length = 0;
    while (length < text.size() && is_identifier(text.substr(0, length + 1))) ++length;
    const auto found = texts.find(text.substr(0, length));
    if (found == texts.end() || depth >= kDeepestReplacement)
      where.fail(words("unknown parameter '${}'", text.substr(0, length)),
                 "declare it under parameters:");
    result += replace(where, found->second, texts, depth + 1);
    text.remove_prefix(length);
  }
  return result;
}

YamlNode replace_all(const YamlNode& node, const Texts& texts) {
  if (node.is_scalar()) return YamlNode::rewritten(node, replace(node, node.text(), texts));
  YamlNode copy = node;
  for (YamlNode& item : copy.mutable_items()) item = replace_all(item, texts);
  return copy;
}

// The user's value of "layout.A", or null.
const YamlNode* chosen_value(const YamlNode* chosen, std::string_view name) {
  const std::size_t dot = name.find('.');
  const YamlNode* node = chosen == nullptr ? nullptr : chosen->find(name.substr(0, dot));
  if (node == nullptr || dot == std::string_view::npos) return node;
  return node->expect_map(name.substr(0, dot)).find(name.substr(dot + 1));
}

void take_value(const YamlNode& parameter, std::string_view name, const YamlNode& given,
                const std::string& value, Texts& texts) {
  const YamlNode* values = parameter.find("values");
  if (values == nullptr) {
    const std::string& standard = parameter.required("default").text();
    if (whole_number(standard)) {
      const auto number = whole_number(value);
      if (!number || *number < 1)
        given.fail(words("{} is '{}'", name, value.substr(0, 40)), "a positive integer");
    } else if (!parse_dtype(value)) {
      given.fail(words("unknown type '{}'", value.substr(0, 40)),
                 "types: f64 f32 tf32 f16 bf16 f8e4m3 f8e5m2 i32 i8 u8 bool");
    }
    return;
  }
  const auto& choices = values->is_map() ? values->keys() : values->items();
  const auto position = [&](std::string_view wanted) {
    return static_cast<std::size_t>(
        std::find_if(choices.begin(), choices.end(),
                     [&](const YamlNode& w) { return w.text() == wanted; }) -
        choices.begin());
  };
  std::size_t at = position(value);
  const auto number = whole_number(value);
  if (at == choices.size() && number && *number >= 0) at = position("integer");
  if (at == choices.size()) {
    std::vector<std::string_view> known;
    for (const YamlNode& choice : choices) known.push_back(choice.text());
    given.fail(words("{} cannot be '{}'", name, value.substr(0, 40)),
               words("one of: {}", joined(known, ", ")));
  }
  if (!values->is_map()) return;
  const YamlNode& replacements = values->items()[at].expect_map("replacements");
  for (std::size_t i = 0; i < replacements.keys().size(); ++i)
    texts[replacements.keys()[i].text()] = replacements.items()[i].expect_text("a replacement");
}

// The parts of `layout: {A: row}` must all be known.
void check_parts(const YamlNode& parameters, const YamlNode& chosen) {
  for (std::size_t i = 0; i < chosen.keys().size(); ++i) {
    if (!chosen.items()[i].is_map()) continue;
    const std::string prefix = chosen.keys()[i].text() + ".";
    std::vector<std::string_view> parts;
    for (const YamlNode& name : parameters.keys())
      if (name.text().starts_with(prefix))
        parts.push_back(std::string_view(name.text()).substr(prefix.size()));
    if (!parts.empty()) chosen.items()[i].expect_keys(parts);
  }
}

// Wraps the last statement's right side and declares what that reads.
void apply_epilogue(const YamlNode& root, const YamlNode& steps, YamlNode& expanded,
                    const Texts& texts) {
  const YamlNode* offered = root.find("epilogue");
  if (offered == nullptr) steps.fail("this operator takes no epilogue");
  YamlNode compute = expanded.required("compute");
  YamlNode inputs = expanded.required("inputs");
  YamlNode& last = compute.mutable_items().back();
  const std::size_t sign = last.text().find('=');
  const std::string left = last.text().substr(0, sign);
  std::string right = last.text().substr(sign + 1);
  static const std::vector<std::string_view> kFunctions = {"relu", "gelu", "silu", "sigmoid",
                                                           "tanh"};
  for (const YamlNode& step : steps.expect_list("epilogue").items()) {
    const std::string& word = step.expect_text("an epilogue step");
    const bool reads = word == "bias" || word == "residual";
    if (reads && inputs.find(word) != nullptr) step.fail(words("{} is given twice", word));
    if (word == "bias") {
      const std::string at = replace(*offered, offered->required("at").text(), texts);
      right = words("({}) + bias[{}]", right, at);
      inputs.set(step, YamlNode::rewritten(
                           step, replace(*offered, offered->required("bias").text(), texts)));
    } else if (word == "residual") {
      right = words("({}) + residual{}", right, left.substr(left.find('[')));
      inputs.set(step,
                 YamlNode::rewritten(step, expanded.required("outputs").items().at(0).text()));
    } else if (std::find(kFunctions.begin(), kFunctions.end(), word) != kFunctions.end()) {
      right = words("{}({})", word, right);
    } else {
      step.fail(words("unknown epilogue step '{}'", word.substr(0, 40)),
                "one of: bias, residual, relu, gelu, silu, sigmoid, tanh");
    }
  }
  last = YamlNode::rewritten(last, left + "=" + right);
  const YamlNode key = YamlNode::rewritten(steps, "compute");
  expanded.set(key, std::move(compute));
  expanded.set(YamlNode::rewritten(steps, "inputs"), std::move(inputs));
}

}  // namespace

std::vector<std::string_view> parameter_keys(const YamlNode& root) {
  std::vector<std::string_view> keys;
  if (const YamlNode* parameters = root.find("parameters"))
    for (const YamlNode& name : parameters->expect_map("parameters").keys()) {
      const std::string_view first = std::string_view(name.text()).substr(0, name.text().find('.'));
      if (std::find(keys.begin(), keys.end(), first) == keys.end()) keys.push_back(first);
    }
  return keys;
}

ExpandedTemplate expand_template(const YamlNode& root, const YamlNode* chosen) {
  Texts texts;
  ExpandedTemplate result;
  if (const YamlNode* parameters = root.find("parameters")) {
    parameters->expect_map("parameters");
    if (chosen != nullptr) check_parts(*parameters, *chosen);
    for (std::size_t i = 0; i < parameters->keys().size(); ++i) {
      const std::string& name = parameters->keys()[i].text();
      const YamlNode& parameter = parameters->items()[i].expect_map("a parameter");
      parameter.expect_keys({"default", "values"});
      const YamlNode* given = chosen_value(chosen, name);
      if (given == nullptr) given = &parameter.required("default");
      const std::string value = replace(*given, given->expect_text(name), texts);
      take_value(parameter, name, *given, value, texts);
      texts[name] = value;
      if (const auto number = whole_number(value)) result.constants[name] = *number;
    }
  }
  YamlNode plain = root;
  plain.remove("parameters");
  plain.remove("epilogue");
  result.root = replace_all(plain, texts);
  if (chosen == nullptr) return result;
  if (const YamlNode* steps = chosen->find("epilogue"))
    apply_epilogue(root, *steps, result.root, texts);
  if (const YamlNode* accumulate = chosen->find("accumulate"))
    result.root.set(YamlNode::rewritten(*accumulate, "accumulate"), *accumulate);
  return result;
}

}  // namespace perftune
