#include <fmt/format.h>

#include "cli/report/renderers.hpp"

namespace perftune {

std::string escape_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (c == '\'') out += "&#39;";
    else if (u < 0x20 && c != '\n' && c != '\t') out += fmt::format("\\x{:02x}", u);  // not XML
    else out += c;
  }
  return out;
}

std::string visible_text(std::string_view text, bool unicode) {
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '\n') out += "\\n";
    else if (u < 0x20 || u == 0x7f || (!unicode && u >= 0x80)) out += fmt::format("\\x{:02x}", u);
    else out += c;
  }
  return out;
}

}  // namespace perftune
