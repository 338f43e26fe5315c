// Chooses which candidates of one operator to measure, and in which order.
//
// Without a model that knows the device and the family: the white box's order, nothing else. With one: a
// first batch of the best guess, the white box's and the family's default, then the largest expected
// improvements given all that was measured since, in small batches that differ from each other. It ends when
// what is left is not expected to beat the best beyond noise. Pure: outcomes are handed in.
//
// Call order: (next learn*)*
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "costmodel/belief_update.hpp"
#include "costmodel/learned_model.hpp"
#include "tuner/rank.hpp"

namespace perftune {

struct SearchOptions {
  std::size_t first_batch = 3;     // measured before anything is learnt of this operator
  std::size_t batch = 2;           // then so many at a time: compilers run side by side
  double noise = 0.01;             // of log(time): what counts as beating
  double worthwhile = 0.005;       // expected improvement of log(time) below which it ends
  // What of a correction's doubt is a candidate's own, at most: the rest is the operator's, which all of them
  // share (prior.shared). Held-out operators' best candidates lie 0.08 to 0.28 apart beside their shift.
  double own_sigma = 0.2;
  bool without_model = false;      // search by the white box's intervals where no model speaks (benches)
  BeliefPrior prior{};
};

class CandidateSearch {
 public:
  // `model` null or silent about the candidates: the white box's order. `hardware_scope` is
  // model_scope's first two parts. Keeps references to nothing.
  CandidateSearch(const Operator& op, const Hardware& hardware, const std::vector<Ranked>& candidates,
                  const LearnedModel* model, const SearchOptions& options = {});

  bool learned() const { return learned_; }

  // Up to `most` positions to measure next, never one twice. None: everything is under way or worth no
  // measurement. With a model, at most a batch, and none while one is under way.
  std::vector<std::size_t> next(std::size_t most);

  // What became of one that next() named, or of any that is known from before: `us` 0 for a failure.
  void learn(std::size_t candidate, double us);

 private:
  std::vector<std::size_t> promising(std::size_t count) const;

  SearchOptions options_;
  bool learned_ = false;
  std::vector<Belief> prior_;
  std::size_t white_box_best_ = 0;
  std::vector<double> points_;
  std::size_t width_ = 0;
  std::vector<bool> taken_;
  std::vector<Measured> measured_;
  std::optional<std::size_t> default_;
  std::size_t under_way_ = 0;
};

// Knobs of the programs as rows of numbers in [0, 1]: logarithms, and one column per family and target
// where there are several. Sets `width`.
std::vector<double> knob_points(const std::vector<Ranked>& candidates, std::size_t& width);

}  // namespace perftune
