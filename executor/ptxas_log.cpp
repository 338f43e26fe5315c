// Parsing is loose on purpose: ptxas changes the words around its numbers between releases, and
// the line with the spills starts "ptxas         ." rather than "ptxas info".
#include <algorithm>
#include <charconv>
#include <optional>

#include "executor/nvrtc.hpp"

namespace perftune {
namespace {

// The integer that stands before `unit` in `line`.
std::optional<std::int64_t> number_before(std::string_view line, std::string_view unit) {
  const std::size_t at = line.find(unit);
  if (at == std::string_view::npos) return std::nullopt;
  std::size_t end = at;
  while (end > 0 && line[end - 1] == ' ') --end;
  std::size_t begin = end;
  while (begin > 0 && line[begin - 1] >= '0' && line[begin - 1] <= '9') --begin;
  std::int64_t value = 0;
  const auto result = std::from_chars(line.data() + begin, line.data() + end, value);
  if (begin == end || result.ec != std::errc{}) return std::nullopt;
  return value;
}

// "(C7508) ..." is ptxas's way to say that it gave up on an optimisation.
bool performance_warning(std::string_view line) {
  return line.find("(C75") != std::string_view::npos ||
         (line.find("warning") != std::string_view::npos &&
          line.find("spill") != std::string_view::npos);
}

}  // namespace

Resources parse_ptxas_log(std::string_view log, std::string_view entry) {
  Resources resources;
  bool ours = false;  // called functions have property lines of their own
  while (!log.empty()) {
    const std::size_t end = std::min(log.find('\n'), log.size());
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(std::min(end + 1, log.size()));
    if (performance_warning(line)) {  // a spill's figures stand in the properties as well
      resources.warnings.emplace_back(line);
      continue;
    }
    if (line.find("Function properties for") != std::string_view::npos)
      ours = line.ends_with(entry);
    if (const auto registers = number_before(line, "registers"))
      resources.registers = static_cast<int>(*registers);
    if (const auto bytes = number_before(line, "bytes smem")) resources.shared_bytes = *bytes;
    if (const auto stack = number_before(line, "bytes stack frame"); stack && ours)
      resources.stack_bytes = *stack;
    const auto stores = number_before(line, "bytes spill stores");
    const auto loads = number_before(line, "bytes spill loads");
    if (stores && loads) resources.spill_bytes += *stores + *loads;
  }
  return resources;
}

}  // namespace perftune
