#include "tuner/tune_result.hpp"

#include <fmt/format.h>

#include <map>

#include "codegen/vendor/vendor_target.hpp"
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

void list_baselines(TuneResult& result) {
  const TunedCandidate* const own = result.best_own();
  for (const TunedCandidate& tuned : result.candidates) {
    const VendorTarget* const vendor = find_vendor(tuned.ranked.program.target);
    if (vendor == nullptr || !tuned.outcome.timing) continue;
    result.baselines.push_back({std::string(vendor->name), tuned.outcome.timing->median_us});
    if (tuned.kernel != result.best) continue;
    const std::string version = version_text(tuned.ranked.program.get("version", 0));
    result.note = fmt::format("{} {} {}", vendor->name, version, result.by_energy ? "takes the least energy" : "wins");
    if (!result.by_energy && own != nullptr && own->outcome.timing)
      result.note += fmt::format(": {:.4g} us against {:.4g} us of {}, which serves where the library is not here",
                                 *result.best_us, own->outcome.timing->median_us, own->kernel);
  }
}

}  // namespace perftune
