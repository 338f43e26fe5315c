#include "db/outcome.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace perftune {

namespace {

constexpr std::array<std::string_view, 9> outcome_names = {
    "timed",   "pending",   "compile_failed", "rejected", "launch_failed",
    "crashed", "timed_out", "wrong_result",   "noisy"};
constexpr std::array<std::string_view, 3> verified_names = {"none", "emulation", "device"};

template <class Enum, std::size_t N>
std::optional<Enum> find_name(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(OutcomeKind kind) { return outcome_names.at(static_cast<std::size_t>(kind)); }

std::optional<OutcomeKind> parse_outcome_kind(std::string_view text) {
  return find_name<OutcomeKind>(outcome_names, text);
}

std::string_view name(VerifiedBy by) { return verified_names.at(static_cast<std::size_t>(by)); }

std::optional<VerifiedBy> parse_verified_by(std::string_view text) {
  return find_name<VerifiedBy>(verified_names, text);
}

std::string Policy::text() const {
  return fmt::format(
      "cache={} threads={} timer={} warmup_ms={} sample_us={} min_rounds={} max_seconds={}{}",
      cold ? rotate ? "rotating" : "cold" : "warm", threads, timer, warmup_ms, sample_us, min_rounds, max_seconds,
      timer == "wall" ? " pages=2M" : "");  // GuardedBuffer's
}

}  // namespace perftune
