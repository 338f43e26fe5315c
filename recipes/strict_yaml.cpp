#include "recipes/strict_yaml.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "recipes/words.hpp"

namespace perftune {
namespace {

// Where a scalar's characters stand in the raw text: quotes, escapes, block indicators and folded
// line breaks lie between them. Walks both texts together.
SourceLocation locate(const SourceText& source, int line, int column, std::string_view value,
                      std::size_t offset) {
  const std::string& raw = source.text;
  std::size_t at = 0;
  for (int l = 1; l < line && at < raw.size(); ++at)
    if (raw[at] == '\n') ++l;
  at = std::min(raw.size(), at + static_cast<std::size_t>(column - 1));
  const auto advance = [&] {
    if (raw[at] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
    ++at;
  };
  if (at < raw.size() && (raw[at] == '|' || raw[at] == '>')) {
    while (at < raw.size() && raw[at] != '\n') advance();
  } else if (at < raw.size() && (raw[at] == '"' || raw[at] == '\'') && !value.empty()) {
    advance();
  }
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  for (std::size_t i = 0; i <= offset && at < raw.size(); ++i) {
    const char wanted = i < value.size() ? value[i] : '\0';
    if (wanted != '\0' && !blank(wanted))
      while (at < raw.size() && raw[at] != wanted && (blank(raw[at]) || raw[at] == '\\')) advance();
    if (i < offset && at < raw.size()) advance();
  }
  return {source.file, line, column};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (keys_[i].text() == key) return &items_[i];
  return nullptr;
}

const YamlNode& YamlNode::required(std::string_view key) const {
  if (const YamlNode* node = find(key)) return *node;
  fail(words("the key '{}' is missing", key));
}

const YamlNode& YamlNode::expect_map(std::string_view what) const {
  if (kind_ != Kind::map) fail(words("{} must be a map", what), "write {key: value, ...}");
  return *this;
}

const YamlNode& YamlNode::expect_list(std::string_view what) const {
  if (kind_ != Kind::list) fail(words("{} must be a list", what), "write [first, second]");
  return *this;
}

const std::string& YamlNode::expect_text(std::string_view what) const {
  if (kind_ != Kind::scalar) fail(words("{} must be a single value", what));
  return text_;
}

std::int64_t YamlNode::expect_integer(std::string_view what) const {
  const std::string& digits = expect_text(what);
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code == std::errc::result_out_of_range)
    fail(words("{} is too large: {}", what, digits.substr(0, 40)));
  if (code != std::errc() || end != digits.data() + digits.size())
    fail(words("{} must be an integer, not '{}'", what, digits.substr(0, 40)));
  return value;
}

double YamlNode::expect_number(std::string_view what) const {
  const std::string& digits = expect_text(what);
  if (digits == "inf" || digits == ".inf") return std::numeric_limits<double>::infinity();
  if (digits == "-inf" || digits == "-.inf") return -std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
    fail(words("{} must be a number, not '{}'", what, digits.substr(0, 40)));
  return value;
}

bool YamlNode::expect_bool(std::string_view what) const {
  const std::string& word = expect_text(what);
  if (word != "true" && word != "false")
    fail(words("{} must be true or false, not '{}'", what, word.substr(0, 40)));
  return word == "true";
}

void YamlNode::expect_keys(const std::vector<std::string_view>& known) const {
  for (const YamlNode& key : keys_) {
    if (std::find(known.begin(), known.end(), key.text()) != known.end()) continue;
    const std::string near = nearest_name(key.text(), known);
    key.fail(words("unknown key '{}'", key.text().substr(0, 40)),
             near.empty() ? words("known keys: {}", joined(known, ", "))
                          : words("did you mean '{}'?", near));
  }
}

YamlNode YamlNode::rewritten(const YamlNode& place, std::string text) {
  YamlNode node;
  node.kind_ = Kind::scalar;
  node.rewritten_ = place.rewritten_ || place.kind_ != Kind::scalar || place.text_ != text;
  node.source_ = place.source_;
  node.line_ = place.line_;
  node.column_ = place.column_;
  node.text_ = std::move(text);
  return node;
}

void YamlNode::set(const YamlNode& key, YamlNode value) {
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (keys_[i].text() == key.text()) {
      items_[i] = std::move(value);
      return;
    }
  keys_.push_back(key);
  items_.push_back(std::move(value));
}

void YamlNode::remove(std::string_view key) {
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (keys_[i].text() == key) {
      keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(i));
      items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    }
}

SourceLocation YamlNode::where() const {
  return source_ ? SourceLocation{source_->file, line_, column_} : SourceLocation{};
}

void YamlNode::fail(std::string_view what, std::string_view right) const {
  throw Error::at(where(), what, right);
}

void YamlNode::fail_at(std::size_t offset, std::string_view what, std::string_view right) const {
  if (rewritten_ || kind_ != Kind::scalar) fail(what, right);
  throw Error::at(locate(*source_, line_, column_, text_, offset), what, right);
}

std::string nearest_name(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() > 64) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < least && distance < std::max(word.size(), candidate.size())) {
      least = distance;
      best = candidate;
    }
  }
  return std::string(best);
}

}  // namespace perftune
