#include "tuner/tune_result.hpp"

#include <fmt/format.h>

#include <map>

#include "tuner/verdict.hpp"

namespace perftune {

std::string failure_histogram(const TuneResult& result) {
  std::map<std::string_view, int> counts;
  for (const auto& candidate : result.candidates)
    if (!is_success(candidate.outcome)) ++counts[name(candidate.outcome.kind)];
  std::string out;
  for (const auto& [kind, count] : counts)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", kind, count);
  return out;
}

}  // namespace perftune
