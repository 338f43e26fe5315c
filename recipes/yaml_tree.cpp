// Builds YamlNode trees from yaml-cpp's events, which carry the place of every key, anchor and
// alias; its Node class has lost them by the time a duplicate key could be seen.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "recipes/strict_yaml.hpp"

namespace perftune {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;
constexpr std::size_t kDeepestNesting = 64;

SourceLocation place(const SourceText& source, const YAML::Mark& mark) {
  return {source.file, mark.line + 1, mark.column + 1};
}

// The last bracket that nothing closes: yaml-cpp reports an unterminated flow map at 1:1.
SourceLocation unclosed_bracket(const SourceText& source, char& bracket) {
  std::vector<std::pair<char, SourceLocation>> open;
  int line = 1;
  int column = 1;
  char quote = '\0';
  char previous = '\n';
  bool comment = false;
  for (const char c : source.text) {
    if (c == '\n') {
      comment = false;
    } else if (comment) {
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && (previous == ' ' || previous == '\n')) {
      comment = true;
    } else if (c == '{' || c == '[') {
      open.emplace_back(c, SourceLocation{source.file, line, column});
    } else if ((c == '}' || c == ']') && !open.empty()) {
      open.pop_back();
    }
    previous = c;
    ++column;
    if (c == '\n') {
      ++line;
      column = 1;
    }
  }
  bracket = open.empty() ? '\0' : open.back().first;
  return open.empty() ? SourceLocation{source.file, line, column} : open.back().second;
}

}  // namespace

class YamlTreeBuilder : public YAML::EventHandler {
 public:
  explicit YamlTreeBuilder(SourceTextPtr source) : source_(std::move(source)) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse(mark, "", anchor);
    add(make(YamlNode::Kind::null, mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Error::at(place(*source_, mark), "aliases are not accepted", "write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse(mark, tag == "!" ? "" : tag, anchor);
    YamlNode node = make(YamlNode::Kind::scalar, mark);
    node.text_ = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  YamlNode make(YamlNode::Kind kind, const YAML::Mark& mark) const {
    YamlNode node;
    node.kind_ = kind;
    node.source_ = source_;
    node.line_ = mark.line + 1;
    node.column_ = mark.column + 1;
    return node;
  }

  void refuse(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    if (anchor != 0)
      throw Error::at(place(*source_, mark), "anchors are not accepted", "write the value out");
    if (!tag.empty() && tag != "?")
      throw Error::at(place(*source_, mark), "tags are not accepted", "remove the tag");
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    refuse(mark, tag, anchor);
    if (open_.size() >= kDeepestNesting)
      throw Error::at(place(*source_, mark), "nested too deeply",
                      fmt::format("at most {} levels", kDeepestNesting));
    open_.push_back(make(kind, mark));
  }

  void close() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    YamlNode& parent = open_.back();
    const bool is_key = parent.is_map() && parent.keys_.size() == parent.items_.size();
    if (!is_key) {
      parent.items_.push_back(std::move(node));
      return;
    }
    if (!node.is_scalar()) node.fail("a key must be a plain word");
    if (const YamlNode* earlier = parent.find(node.text()))
      node.fail(fmt::format("duplicate key '{}'", node.text().substr(0, 40)),
                fmt::format("it is already given on line {}", earlier->line_));
    if (parent.keys_.size() >= 1024) node.fail("more than 1024 keys in one map");
    parent.keys_.push_back(std::move(node));
  }

  SourceTextPtr source_;
  std::vector<YamlNode> open_;
  YamlNode root_;
};

YamlNode parse_yaml(std::string text, std::string file) {
  if (text.size() > kLargestFile)
    throw Error::at({std::move(file), 1, 1}, "the file is larger than 1 MiB");
  const auto source =
      std::make_shared<const SourceText>(SourceText{std::move(file), std::move(text)});
  if (const auto zero = source->text.find('\0'); zero != std::string::npos)
    throw Error::at({source->file, 1, 1}, "the file holds a zero byte", "expected YAML text");
  try {
    std::istringstream stream(source->text);
    YAML::Parser parser(stream);
    YamlTreeBuilder tree(source);
    if (!parser.HandleNextDocument(tree))
      throw Error::at({source->file, 1, 1}, "the file is empty");
    YamlTreeBuilder second(source);
    if (parser.HandleNextDocument(second))
      throw Error::at({source->file, 1, 1}, "more than one YAML document");
    YamlNode root = tree.take();
    if (root.kind() == YamlNode::Kind::null)
      throw Error::at({source->file, 1, 1}, "the file is empty");
    return root;
  } catch (const YAML::Exception& problem) {
    if (problem.msg.find("end of") != std::string::npos) {
      char bracket = '\0';
      const SourceLocation where = unclosed_bracket(*source, bracket);
      if (bracket != '\0')
        throw Error::at(where, fmt::format("'{}' is never closed", bracket),
                        fmt::format("add '{}'", bracket == '{' ? '}' : ']'));
    }
    const SourceLocation where =
        problem.mark.is_null() ? SourceLocation{source->file, 1, 1} : place(*source, problem.mark);
    throw Error::at(where, fmt::format("not valid YAML: {}", problem.msg));
  }
}

std::string read_text_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(ErrorKind::usage, fmt::format("{}: cannot be opened", path));
  std::string text(kLargestFile + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) throw Error(ErrorKind::usage, fmt::format("{}: cannot be read", path));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kLargestFile) throw Error::at({path, 1, 1}, "the file is larger than 1 MiB");
  return text;
}

}  // namespace perftune
