#include "recipes/words.hpp"

#include <charconv>
#include <cmath>

namespace perftune {
namespace {

template <class Number>
void append_number(std::string& text, Number value) {
  char digits[24];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// The shortest digits that read back: plain between 1e-4 and 1e16, else with an exponent of at least two
// digits. Signatures hold such numbers: their form is part of a store's format.
void append_real(std::string& text, double value) {
  if (std::isnan(value) || std::isinf(value)) {
    if (std::signbit(value)) text += '-';
    text += std::isnan(value) ? "nan" : "inf";
    return;
  }
  char digits[32];
  const char* const end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
  const std::string_view all(digits, static_cast<std::size_t>(end - digits));
  const std::size_t e = all.find('e');
  int exponent = 0;
  const char* const from = all.data() + e + (all[e + 1] == '+' ? 2 : 1);
  std::from_chars(from, end, exponent);
  if (exponent < -4 || exponent >= 16) {
    text += all;
    return;
  }
  char plain[48];
  text.append(plain, std::to_chars(plain, plain + sizeof plain, value, std::chars_format::fixed).ptr);
}

constexpr char kHex[] = "0123456789abcdef";

}  // namespace

void Word::append_to(std::string& text) const {
  switch (kind_) {
    case Kind::text: text += text_; break;
    case Kind::character: text += character_; break;
    case Kind::integer: append_number(text, integer_); break;
    case Kind::natural: append_number(text, natural_); break;
    case Kind::real: append_real(text, real_); break;
  }
}

std::string join_words(std::string_view pattern, std::initializer_list<Word> values) {
  std::string text;
  std::size_t next = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c != '{' && c != '}') {
      text += c;
    } else if (pattern[i + 1] == c) {
      text += c;
      ++i;
    } else if (pattern[i + 1] == '}') {
      values.begin()[next++].append_to(text);
      ++i;
    } else {
      values.begin()[pattern[i + 1] - '0'].append_to(text);
      i += 2;
    }
  }
  return text;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += "\\x" + hex_byte(static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string hex_byte(unsigned char byte) { return {kHex[byte >> 4], kHex[byte & 15]}; }

}  // namespace perftune
