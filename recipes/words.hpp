// Messages and canonical texts from a pattern and values: words("{} given, {} taken", a, b).
//
// For what ships in libperftune_executor, where a formatting library would be a fifth of the whole: text,
// characters, whole numbers, booleans and doubles (shortest digits that read back), in order or as {0}, {1},
// with {{ and }} for braces. Patterns are checked when compiled. Pure.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace perftune {

// One value of a text.
class Word {
 public:
  Word(std::string_view text) : kind_(Kind::text), text_(text) {}        // NOLINT(google-explicit-constructor)
  Word(const std::string& text) : Word(std::string_view(text)) {}        // NOLINT(google-explicit-constructor)
  Word(const char* text) : Word(std::string_view(text)) {}               // NOLINT(google-explicit-constructor)
  Word(bool value) : Word(value ? "true" : "false") {}                   // NOLINT(google-explicit-constructor)
  Word(char value) : kind_(Kind::character), character_(value) {}        // NOLINT(google-explicit-constructor)
  Word(std::signed_integral auto value) : kind_(Kind::integer), integer_(value) {}     // NOLINT(google-explicit-constructor)
  Word(std::unsigned_integral auto value) : kind_(Kind::natural), natural_(value) {}   // NOLINT(google-explicit-constructor)
  Word(double value) : kind_(Kind::real), real_(value) {}                // NOLINT(google-explicit-constructor)

  void append_to(std::string& text) const;

 private:
  enum class Kind : std::uint8_t { text, character, integer, natural, real };
  Kind kind_;
  union {
    std::string_view text_;
    char character_;
    std::int64_t integer_;
    std::uint64_t natural_;
    double real_;
  };
};

// A text with a place for each of `Count` values.
template <std::size_t Count>
struct Pattern {
  std::string_view text;
  consteval Pattern(const char* pattern) : text(pattern) {  // NOLINT(google-explicit-constructor)
    std::size_t places = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '{' && text[i] != '}') continue;
      if (i + 1 < text.size() && text[i + 1] == text[i]) {
        ++i;
        continue;
      }
      const bool counted = text[i] == '{' && i + 1 < text.size() && text[i + 1] == '}';
      const bool numbered = text[i] == '{' && i + 2 < text.size() && text[i + 2] == '}' && text[i + 1] >= '0' && text[i + 1] <= '9';
      if (!counted && !numbered) throw "a place is {} or {0} to {9}; write {{ and }} for braces";
      const std::size_t place = counted ? places : static_cast<std::size_t>(text[i + 1] - '0');
      if (place >= Count) throw "a place without a value";
      if (counted || place == places) ++places;
      i += counted ? 1 : 2;
    }
    if (places != Count) throw "a value without a place";
  }
};

std::string join_words(std::string_view pattern, std::initializer_list<Word> values);

template <class... Values>
std::string words(Pattern<sizeof...(Values)> pattern, const Values&... values) {
  return join_words(pattern.text, {Word(values)...});
}

// The elements with `separator` between them.
template <class Range>
std::string joined(const Range& range, std::string_view separator) {
  std::string text;
  bool first = true;
  for (const auto& value : range) {
    if (!first) text += separator;
    first = false;
    Word(value).append_to(text);
  }
  return text;
}

// In double quotes, with \ before quotes and backslashes, and control characters as \n, \t or \x1f.
std::string quoted(std::string_view text);

// Two hexadecimal digits.
std::string hex_byte(unsigned char byte);

}  // namespace perftune
