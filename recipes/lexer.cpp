#include "recipes/lexer.hpp"

#include <array>

#include "recipes/syntax.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

// Independent of the locale, unlike <cctype>.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t number_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  if (n < text.size() && text[n] == '.') {
    ++n;
    while (n < text.size() && is_digit(text[n])) ++n;
  }
  if (n < text.size() && (text[n] == 'e' || text[n] == 'E')) {
    std::size_t exponent = n + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (exponent < text.size() && is_digit(text[exponent])) {
      n = exponent;
      while (n < text.size() && is_digit(text[n])) ++n;
    }
  }
  return n;
}

std::size_t sign_length(std::string_view text) {
  static constexpr std::array<std::string_view, 4> kLong = {"<=", ">=", "==", "!="};
  for (const std::string_view sign : kLong)
    if (text.substr(0, 2) == sign) return 2;
  return std::string_view("+-*/%()[],=<>").find(text[0]) != std::string_view::npos ? 1 : 0;
}

}  // namespace

bool is_identifier(std::string_view word) {
  if (word.empty() || word.size() > 64 || !is_letter(word[0])) return false;
  for (const char c : word)
    if (!is_letter(c) && !is_digit(c)) return false;
  return true;
}

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    if (is_blank(rest[0])) {
      ++at;
      continue;
    }
    Token token{Token::Kind::sign, {}, at};
    std::size_t length = 0;
    if (is_digit(rest[0]) || (rest[0] == '.' && rest.size() > 1 && is_digit(rest[1]))) {
      token.kind = Token::Kind::number;
      length = number_length(rest);
      if (length < rest.size() && is_letter(rest[length]))
        reject(at + length, words("unexpected '{}' after a number", rest[length]),
               "write a product with '*'");
    } else if (is_letter(rest[0])) {
      token.kind = Token::Kind::word;
      while (length < rest.size() && (is_letter(rest[length]) || is_digit(rest[length]))) ++length;
      if (length > 64) reject(at, "a name of more than 64 characters");
    } else {
      length = sign_length(rest);
    }
    if (length == 0) {
      const auto code = static_cast<unsigned char>(rest[0]);
      reject(at,
             code >= 0x20 && code < 0x7f
                 ? words("unexpected character '{}'", rest[0])
                 : "unexpected byte 0x" + hex_byte(code));
    }
    token.text = rest.substr(0, length);
    tokens.push_back(token);
    at += length;
  }
  tokens.push_back({Token::Kind::end, {}, text.size()});
  return tokens;
}

}  // namespace perftune
