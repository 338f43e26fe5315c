#include "recipes/definition.hpp"

#include "recipes/operator_source.hpp"
#include "recipes/syntax.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

// A double-quoted YAML scalar; plain where nothing in it could be read as anything else.
std::string scalar(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else out += c;
  }
  return out + "\"";
}

// Flow style: one line, whatever the nesting.
std::string flow(const YamlNode& node) {
  switch (node.kind()) {
    case YamlNode::Kind::null: return "~";
    case YamlNode::Kind::scalar: return scalar(node.text());
    case YamlNode::Kind::list: {
      std::string out;
      for (const auto& item : node.items()) out += (out.empty() ? "" : ", ") + flow(item);
      return "[" + out + "]";
    }
    case YamlNode::Kind::map: {
      std::string out;
      for (std::size_t i = 0; i < node.keys().size(); ++i)
        out += words("{}{}: {}", i > 0 ? ", " : "", scalar(node.keys()[i].text()),
                           flow(node.items()[i]));
      return "{" + out + "}";
    }
  }
  return "~";
}

}  // namespace

std::string definition_body(const YamlNode& operator_map, const Dims& constants) {
  std::string derived;
  const auto derive = [&](const std::string& name, const std::string& value) {
    derived += words("{}{}: {}", derived.empty() ? "" : ", ", scalar(name), scalar(value));
  };
  for (const auto& [name, value] : constants)
    if (is_identifier(name)) derive(name, std::to_string(value));  // no formula names another
  if (const YamlNode* let = operator_map.find("let"))
    for (std::size_t i = 0; i < let->keys().size(); ++i)
      derive(let->keys()[i].text(), let->items()[i].text());
  std::string out = derived.empty() ? "" : words("let: {{{}}}\n", derived);
  for (std::size_t i = 0; i < operator_map.keys().size(); ++i) {
    const std::string& key = operator_map.keys()[i].text();
    if (key != "name" && key != "dims" && key != "weight" && key != "part" && key != "let")
      out += words("{}: {}\n", key, flow(operator_map.items()[i]));
  }
  return out;
}

std::string definition(const Operator& op) {
  std::string dims;
  for (const auto& [dim, extent] : op.base_dims())
    dims += words("{}{}: {}", dims.empty() ? "" : ", ", dim, extent);
  std::string part;
  for (const int statement : op.source->part)
    part += words("{}{}", part.empty() ? "part: [" : ", ", statement);
  return words("name: {}\ndims: {{{}}}\n{}{}", scalar(op.name), dims, op.source->definition,
                     part.empty() ? "" : part + "]\n");
}

}  // namespace perftune
