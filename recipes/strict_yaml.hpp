// YAML as perftune's files use it: maps, lists and scalars, each knowing where it stands.
//
// Stricter than YAML: at most 1 MiB and 64 levels, one document, no aliases, anchors or tags, no
// duplicate keys; a reader lists the keys that it knows and an unknown one is an error that names
// the nearest. Every failure is Error{usage} with "file:line:column". Values only; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recipes/error.hpp"

namespace perftune {

// A file's name and text, shared by everything that may still have to report a place in it.
struct SourceText {
  std::string file;
  std::string text;
};
using SourceTextPtr = std::shared_ptr<const SourceText>;

class YamlNode {
 public:
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind() const { return kind_; }
  bool is_map() const { return kind_ == Kind::map; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_scalar() const { return kind_ == Kind::scalar; }

  const std::string& text() const { return text_; }              // scalar
  const std::vector<YamlNode>& items() const { return items_; }  // list; a map's values
  const std::vector<YamlNode>& keys() const { return keys_; }    // map, in file order
  const YamlNode* find(std::string_view key) const;              // map; null when absent

  // Each throws at the node's place when it is not what is asked for; `what` names the thing.
  const YamlNode& required(std::string_view key) const;
  const YamlNode& expect_map(std::string_view what) const;
  const YamlNode& expect_list(std::string_view what) const;
  const std::string& expect_text(std::string_view what) const;
  std::int64_t expect_integer(std::string_view what) const;
  double expect_number(std::string_view what) const;  // also inf and -inf
  bool expect_bool(std::string_view what) const;
  void expect_keys(const std::vector<std::string_view>& known) const;

  SourceLocation where() const;
  [[noreturn]] void fail(std::string_view what, std::string_view right = {}) const;
  // At the character `offset` of a scalar's text, wherever quotes and line breaks have put it.
  [[noreturn]] void fail_at(std::size_t offset, std::string_view what,
                            std::string_view right = {}) const;

  // Rewriting, for templates: the places of what is kept stay, new text takes the place given.
  static YamlNode rewritten(const YamlNode& place, std::string text);
  void set(const YamlNode& key, YamlNode value);  // map: replaces or appends
  void remove(std::string_view key);              // map
  std::vector<YamlNode>& mutable_items() { return items_; }

 private:
  friend class YamlTreeBuilder;
  friend class PlainTextReader;
  Kind kind_ = Kind::null;
  std::string text_;
  std::vector<YamlNode> keys_;
  std::vector<YamlNode> items_;
  SourceTextPtr source_;
  int line_ = 1;  // of the first character, counted from 1
  int column_ = 1;
  bool rewritten_ = false;  // text_ is not what stands in the file
};

YamlNode parse_yaml(std::string text, std::string file);

// The whole file; Error{usage} when it cannot be read or is larger than 1 MiB.
std::string read_text_file(const std::string& path);

// The one of `known` that is nearest to `word` by edit distance, empty when none is near.
std::string nearest_name(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace perftune
