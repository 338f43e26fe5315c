#include "recipes/error.hpp"

#include "recipes/words.hpp"

namespace perftune {

Error Error::at(const SourceLocation& where, std::string_view what, std::string_view right) {
  std::string text = words("{}:{}:{}: {}", where.file, where.line, where.column, what);
  if (!right.empty()) text += words("; {}", right);
  return {ErrorKind::usage, text};
}

}  // namespace perftune
