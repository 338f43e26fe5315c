// Tunes replayed over the recording: the white box alone beside the learned part, and how good either is
// against the exhaustive measurement.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bench/cpu_spaces/spaces.hpp"
#include "tuner/candidate_search.hpp"
#include "tuner/slices.hpp"

namespace perftune::bench {

// What the model that searches an operator has not seen: the operator; every operator of its kind (matmul,
// softmax: its twins of other shapes); anything at all, so that it has the white box's intervals and what the
// tune itself measures.
enum class Unseen { itself, its_kind, all };

struct SearchPair {
  std::string name;
  std::size_t candidates = 0;
  double noise = 0;              // between two passes over the fastest kernels
  double top_regret = 0;         // best of the white box's first ten against the best of all
  std::size_t white_measured = 0, white_needs = 0;      // to its own final result
  std::size_t learned_measured = 0, learned_needs = 0;  // to the white box's final result; 0: never
  double ratio = 1;              // learned's final time over the white box's
  double regret = 0;             // learned's against the best of all
  bool half() const { return learned_needs > 0 && 2 * learned_needs <= white_measured; }
  bool half_in_all() const { return 2 * learned_measured <= white_measured; }
  bool no_worse() const { return ratio <= 1 + noise; }
};

// Each operator's search with a model trained on what `unseen` leaves; one per space, in order.
std::vector<SearchPair> compare_searches(const std::vector<CpuSpace>& spaces, const Hardware& hardware,
                                         const Slices& slices, const SearchOptions& options, Unseen unseen);

// One line per operator (if `each`), then the totals.
std::string heading(Unseen unseen);
std::string search_table(std::span<const SearchPair> pairs, bool each);

// CSV: what the white box says of each candidate, stage by stage, beside what it took.
std::string predictions_header();
std::string predictions(const std::vector<CpuSpace>& spaces, const Hardware& hardware, const Slices& slices);

// Errors by family and limiter, top-1 and top-10 scores, coverage.
std::string quality_table(const std::vector<CpuSpace>& spaces, const Hardware& hardware, const Slices& slices);

}  // namespace perftune::bench
