// A tile program: every decision about one kernel, as a small comparable value.
//
// Family and target say which emitter understands it; the knobs are that emitter's named integers
// (contraction_tiles.hpp lists a contraction's). The canonical text is the identity: it is what
// the store keeps, what `explain` prints, and what parse() reads back.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace perftune {

struct TileProgram {
  std::string family;  // "contraction"
  std::string target;  // "cuda/simt", "cpu/simd"
  std::map<std::string, std::int64_t> knobs;

  auto operator<=>(const TileProgram&) const = default;

  // The knob, which must exist (a missing one is a bug and aborts).
  std::int64_t at(std::string_view knob) const;
  std::int64_t get(std::string_view knob, std::int64_t absent) const;

  // "contraction cuda/simt block_k=16 block_m=128 ..." in knob order.
  std::string text() const;
  // Throws Error{usage} when `text` is not of that form.
  static TileProgram parse(std::string_view text);
};

}  // namespace perftune
