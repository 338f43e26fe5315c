#include "recipes/plain_text.hpp"

#include <utility>

namespace perftune {
namespace {

constexpr std::size_t kLargestText = 1 << 20;
constexpr int kDeepestNesting = 64;

}  // namespace

class PlainTextReader {
 public:
  explicit PlainTextReader(SourceTextPtr source) : source_(std::move(source)), text_(source_->text) {}

  YamlNode read() {
    skip_empty_lines();
    YamlNode root = block_map(indentation(), 0);
    if (at_ < text_.size()) fail("a line that belongs to nothing");
    if (root.keys_.empty()) fail("the text is empty");
    return root;
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw Error::at({source_->file, line_, column()}, what, "text as perftune writes it");
  }

  int column() const { return static_cast<int>(at_ - line_begin_) + 1; }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool at_end_of_line() const { return at_ >= text_.size() || text_[at_] == '\n'; }
  void skip_blanks() {
    while (peek() == ' ') ++at_;
  }

  void end_line() {
    skip_blanks();
    if (!at_end_of_line()) fail("more text than one value");
    next_line();
    skip_empty_lines();
  }
  void next_line() {
    if (at_ < text_.size()) ++at_;
    line_begin_ = at_;
    ++line_;
  }
  void skip_empty_lines() {
    while (at_ < text_.size() && text_[at_] == '\n') next_line();
  }
  std::size_t indentation() const {
    std::size_t spaces = 0;
    while (line_begin_ + spaces < text_.size() && text_[line_begin_ + spaces] == ' ') ++spaces;
    return spaces;
  }

  YamlNode make(YamlNode::Kind kind) const {
    YamlNode node;
    node.kind_ = kind;
    node.source_ = source_;
    node.line_ = line_;
    node.column_ = column();
    return node;
  }

  // Lines of at least `indent` spaces, at_ at the begin of the first.
  YamlNode block_map(std::size_t indent, int depth) {
    YamlNode map = make(YamlNode::Kind::map);
    while (at_ < text_.size() && indentation() == indent) {
      at_ += indent;
      YamlNode key = scalar(":");
      colon();
      if (!at_end_of_line()) {
        add(map, std::move(key), value(depth + 1));
        end_line();
        continue;
      }
      YamlNode nothing = make(YamlNode::Kind::null);
      next_line();
      skip_empty_lines();
      const bool nested = at_ < text_.size() && indentation() > indent;
      add(map, std::move(key), nested ? nested_map(depth + 1) : std::move(nothing));
    }
    if (at_ < text_.size() && indentation() > indent) fail("unexpected indentation");
    return map;
  }
  YamlNode nested_map(int depth) {
    if (depth > kDeepestNesting) fail("nested too deeply");
    return block_map(indentation(), depth);
  }

  void colon() {
    skip_blanks();
    if (peek() != ':') fail("a key without ':'");
    ++at_;
    skip_blanks();
  }

  void add(YamlNode& map, YamlNode key, YamlNode value) const {
    if (map.find(key.text_) != nullptr) fail("a key that is given twice");
    if (map.keys_.size() >= 1024) fail("more than 1024 keys in one map");
    map.keys_.push_back(std::move(key));
    map.items_.push_back(std::move(value));
  }

  YamlNode value(int depth) {
    if (depth > kDeepestNesting) fail("nested too deeply");
    if (peek() == '[' || peek() == '{') return flow(depth);
    YamlNode plain = scalar("");
    if (plain.text_ == "~" && !quoted_) return make(YamlNode::Kind::null);
    return plain;
  }

  YamlNode flow(int depth) {
    const bool is_map = peek() == '{';
    const char close = is_map ? '}' : ']';
    YamlNode node = make(is_map ? YamlNode::Kind::map : YamlNode::Kind::list);
    ++at_;
    skip_blanks();
    in_flow_ += 1;
    while (peek() != close) {
      if (is_map) {
        YamlNode key = scalar(":");
        colon();
        add(node, std::move(key), value(depth + 1));
      } else {
        node.items_.push_back(value(depth + 1));
      }
      skip_blanks();
      if (peek() == ',') {
        ++at_;
        skip_blanks();
      } else if (peek() != close) {
        fail("a list or map that is never closed");
      }
    }
    in_flow_ -= 1;
    ++at_;
    return node;
  }

  // Ends before one of `stops`, at the end of the line, and within brackets at ',' or a bracket.
  YamlNode scalar(std::string_view stops) {
    YamlNode node = make(YamlNode::Kind::scalar);
    quoted_ = peek() == '"';
    if (quoted_) {
      node.text_ = quotation();
      return node;
    }
    const auto ends = [&](char c) {
      return c == '\n' || stops.find(c) != std::string_view::npos ||
             (in_flow_ > 0 && (c == ',' || c == ']' || c == '}'));
    };
    const std::size_t begin = at_;
    while (at_ < text_.size() && !ends(text_[at_])) ++at_;
    node.text_ = text_.substr(begin, at_ - begin);
    while (node.text_.ends_with(' ')) node.text_.pop_back();
    if (node.text_.empty()) fail("an empty value");
    if (std::string_view("&*!|>'%@`#{[").find(node.text_[0]) != std::string_view::npos)
      fail("a kind of value that is not accepted here");
    return node;
  }

  std::string quotation() {
    std::string out;
    ++at_;
    while (peek() != '"') {
      if (at_end_of_line()) fail("a quotation that is never closed");
      char c = text_[at_++];
      if (c == '\\') {
        if (at_end_of_line()) fail("a quotation that is never closed");
        c = text_[at_++];
        if (c == 'n') c = '\n';
        else if (c == 't') c = '\t';
        else if (c != '"' && c != '\\') fail("an escape that is not accepted here");
      }
      out += c;
    }
    ++at_;
    return out;
  }

  SourceTextPtr source_;
  const std::string& text_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  int line_ = 1;
  int in_flow_ = 0;
  bool quoted_ = false;  // whether the last scalar was
};

YamlNode parse_plain(std::string text, std::string file) {
  if (text.size() > kLargestText) throw Error::at({std::move(file), 1, 1}, "the text is larger than 1 MiB");
  const auto source = std::make_shared<const SourceText>(SourceText{std::move(file), std::move(text)});
  return PlainTextReader(source).read();
}

}  // namespace perftune
