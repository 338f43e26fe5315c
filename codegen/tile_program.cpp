#include "codegen/tile_program.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune {

std::int64_t TileProgram::at(std::string_view knob) const {
  const auto it = knobs.find(std::string(knob));
  if (it == knobs.end()) {
    std::fprintf(stderr, "tile program has no knob %.*s: %s\n", static_cast<int>(knob.size()),
                 knob.data(), text().c_str());
    std::abort();
  }
  return it->second;
}

std::int64_t TileProgram::get(std::string_view knob, std::int64_t absent) const {
  const auto it = knobs.find(std::string(knob));
  return it == knobs.end() ? absent : it->second;
}

std::string TileProgram::text() const {
  std::string out = family + " " + target;
  for (const auto& [knob, value] : knobs) out += words(" {}={}", knob, value);
  return out;
}

namespace {

std::string_view next_word(std::string_view& rest) {
  const auto end = rest.find(' ');
  const auto word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return word;
}

}  // namespace

TileProgram TileProgram::parse(std::string_view text) {
  std::string_view rest = text;
  TileProgram program;
  program.family = next_word(rest);
  program.target = next_word(rest);
  bool good = !program.family.empty() && !program.target.empty();
  while (good && !rest.empty()) {
    const auto word = next_word(rest);
    const auto equals = word.find('=');
    std::int64_t value = 0;
    good = equals != std::string_view::npos && equals > 0;
    if (!good) break;
    const auto digits = word.substr(equals + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    good = error == std::errc{} && end == digits.data() + digits.size() && !digits.empty() &&
           program.knobs.emplace(word.substr(0, equals), value).second;
  }
  if (!good)
    throw Error(ErrorKind::usage, "not a tile program: '" + std::string(text) +
                                      "'; expected 'family target knob=integer ...'");
  return program;
}

}  // namespace perftune
