// Splits the text of a formula or statement into tokens. Throws SyntaxError on a character that
// belongs to none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace perftune {

struct Token {
  enum class Kind : std::uint8_t { number, word, sign, end };
  Kind kind = Kind::end;
  std::string_view text;  // into the text that was split
  std::size_t offset = 0;
};

// The last token has Kind::end and stands behind the text.
std::vector<Token> tokenize(std::string_view text);

}  // namespace perftune
