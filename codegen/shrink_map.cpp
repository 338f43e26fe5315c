#include "codegen/shrink_map.hpp"

#include <algorithm>
#include <optional>

#include "recipes/error.hpp"

namespace perftune {
namespace {

// Ragged ones first among neighbours; multiples of vectors among them.
constexpr std::int64_t kTries[] = {3,  5,  6,   8,   12,  16,  20,  24,  32,  36,   40,   48,   64,  68,
                                   72, 80, 96,  100, 128, 136, 160, 192, 256, 272,  320,  384,  512, 520,
                                   640, 768, 1024, 1032, 1536, 2048, 2056, 3072, 4096, 4104, 8192, 8200, 16392,
                                   24584, 32776, 49160, 65544, 98312, 131080, 262152};

std::optional<Operator> at(const Operator& op, const Dims& dims) {
  try {
    return op.rebind(dims);
  } catch (const Error&) {  // a shape became empty, a condition fails
    return std::nullopt;
  }
}

}  // namespace

Operator shrink_map(const Operator& op, const MapReach& reach,
                    const std::function<bool(const Operator&, const MapForm&)>& same_text) {
  const auto full = canonicalise_map(op);
  const auto enough = [&](const MapForm& form) {
    if (form.points() < std::min(reach.points, full.form->points())) return false;
    return std::all_of(reach.extents.begin(), reach.extents.end(), [&](const auto& wanted) {
      return wanted.first < form.extents.size() &&
             form.extents[wanted.first] >=
                 std::min(wanted.second, full.form->extents[wanted.first]);
    });
  };
  Operator best = op;
  Dims dims = op.base_dims();
  for (auto& [name, value] : dims) {
    const std::int64_t whole = value;
    bool found = false;
    for (const std::int64_t attempt : kTries) {
      if (attempt >= whole) break;
      value = attempt;
      const auto candidate = at(op, dims);
      if (!candidate) continue;
      const auto canonical = canonicalise_map(*candidate);
      if (!canonical.form || !enough(*canonical.form) || !same_text(*candidate, *canonical.form)) continue;
      best = *candidate;
      found = true;
      break;
    }
    if (!found) value = whole;
  }
  return best;
}

}  // namespace perftune
