#include "db/records.hpp"

#include <array>

#include "recipes/words.hpp"

namespace perftune {

std::string_view name(Phase phase) {
  return phase == Phase::screening ? "screening" : "confirmation";
}

std::optional<Phase> parse_phase(std::string_view text) {
  for (const Phase phase : {Phase::screening, Phase::confirmation}) {
    if (name(phase) == text) return phase;
  }
  return std::nullopt;
}

std::string_view name(Basis basis) { return basis == Basis::measured ? "measured" : "predicted"; }

std::optional<Basis> parse_basis(std::string_view text) {
  for (const Basis basis : {Basis::measured, Basis::predicted}) {
    if (name(basis) == text) return basis;
  }
  return std::nullopt;
}

std::string_view name(RunState state) {
  constexpr std::array<std::string_view, 4> names = {"running", "finished", "interrupted",
                                                     "failed"};
  return names.at(static_cast<std::size_t>(state));
}

std::string stale_because(const Provenance& then, const Provenance& now) {
  std::string why;
  const auto differ = [&](std::string_view what, const std::string& a, const std::string& b) {
    if (a == b) return;
    if (!why.empty()) why += ", ";
    why += words("{} was {}, is {}", what, quoted(a), quoted(b));
  };
  differ("driver", then.driver, now.driver);
  differ("toolkit", then.toolkit, now.toolkit);
  differ("device", then.device_serial, now.device_serial);
  return why;
}

}  // namespace perftune
