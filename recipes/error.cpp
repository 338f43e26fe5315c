#include "recipes/error.hpp"

#include <fmt/format.h>

namespace perftune {

Error Error::at(const SourceLocation& where, std::string_view what, std::string_view right) {
  std::string text = fmt::format("{}:{}:{}: {}", where.file, where.line, where.column, what);
  if (!right.empty()) text += fmt::format("; {}", right);
  return {ErrorKind::usage, text};
}

}  // namespace perftune
