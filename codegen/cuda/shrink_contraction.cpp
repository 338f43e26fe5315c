#include "codegen/cuda/shrink_contraction.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

namespace perftune {
namespace {

using Extents = std::array<std::int64_t, 4>;

constexpr std::int64_t kSmallest = 3;   // keeps a dimension from degenerating where it can
constexpr std::int64_t kAttempts = 32;  // larger values to try until vectors are aligned

// Extents that a shrunk problem must reach, by Group.
Extents targets(const ContractionTiles& t, const Contraction& full) {
  Extents wanted{2, t.block_m * t.cluster_m + t.block_m / 2 + 1,
                 t.block_n * t.cluster_n + t.block_n / 2 + 1,
                 std::int64_t{t.block_k} * ((2 * t.stages + 1) * t.split_k - 1) + 1};
  for (const Group group : all_groups) {
    auto& extent = wanted[static_cast<std::size_t>(group)];
    extent = std::min(extent, full.extent(group));
  }
  return wanted;
}

class Shrinker {
 public:
  Shrinker(const Operator& op, const Extents& wanted,
           const std::function<bool(const Contraction&)>& same_text)
      : op_(op), wanted_(wanted), same_text_(same_text) {}

  Operator run() {
    Operator best = op_;
    Dims dims = op_.base_dims();
    for (auto& [name, value] : dims) {
      const std::int64_t full = value;
      const std::int64_t first = least(dims, value);
      const std::int64_t last = std::min(full, first + kAttempts);
      std::optional<Candidate> found;
      for (value = first; value < last && !found; value += found ? 0 : 1) {
        found = at(dims);
        if (found && !same_text_(*found->form)) found.reset();
      }
      if (found)
        best = std::move(found->op);
      else
        value = full;
    }
    return best;
  }

 private:
  struct Candidate {
    Operator op;
    std::optional<Contraction> form;
  };

  // The problem at `dims` when it exists and is large enough.
  std::optional<Candidate> at(const Dims& dims) const {
    try {
      Candidate candidate{op_.rebind(dims), std::nullopt};
      candidate.form = canonicalise_contraction(candidate.op).form;
      if (!candidate.form) return std::nullopt;
      for (const Group group : all_groups)
        if (candidate.form->extent(group) < wanted_[static_cast<std::size_t>(group)])
          return std::nullopt;
      return candidate;
    } catch (const Error&) {  // a shape became empty
      return std::nullopt;
    }
  }

  // Smallest value of the dimension behind `value` (a reference into `dims`) that is large enough,
  // by bisection: extents grow with every dimension.
  std::int64_t least(const Dims& dims, std::int64_t& value) const {
    std::int64_t too_small = std::min(value, kSmallest) - 1, enough = value;
    while (enough - too_small > 1) {
      value = too_small + (enough - too_small) / 2;
      (at(dims) ? enough : too_small) = value;
    }
    return enough;
  }

  const Operator& op_;
  const Extents wanted_;
  const std::function<bool(const Contraction&)>& same_text_;
};

}  // namespace

Operator shrink_contraction(const Operator& op, const ContractionTiles& tiles,
                            const std::function<bool(const Contraction&)>& same_text) {
  const auto full = canonicalise_contraction(op);
  if (!full.form) std::abort();  // the caller's promise: `op` is a contraction
  return Shrinker(op, targets(tiles, *full.form), same_text).run();
}

}  // namespace perftune
