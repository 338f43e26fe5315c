// The learned part: predicts log(measured / predicted) of a candidate, and how sure it is.
//
// It knows the scopes (a device and a family) that its training data held and is silent about all
// others: on a GPU that it has not seen it made predictions worse (docs/model.md).
//
// An ensemble of small networks over features.hpp, trained in seconds with a squared error on the
// logarithm plus a pairwise ranking loss within each operator. Call order: train (or parse),
// correct*. Same rows, options and seed give the same model, bit for bit. Too little data is a
// normal state: `train` returns nothing and the white box stands alone. Immutable after
// construction; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace perftune {

struct TrainingRow {
  std::vector<double> features;
  double predicted_us = 0;
  double measured_us = 0;
  int group = 0;  // rows of one operator on one machine: only they are ranked against each other
  std::string scope{};  // device and family; empty where there is but one
};

struct TrainingOptions {
  std::uint64_t seed = 1;
  int members = 6;         // networks in the ensemble; each leaves out a sixth of the groups
  int hidden = 24;         // units of the first layer; the second has half
  int epochs = 60;         // passes over the data at 1,000 rows; fewer with more rows
  double ranking = 0.3;    // weight of the ranking loss beside the squared error
  std::size_t least_rows = 24;  // below: no model; of a scope: the model is silent about it
};

// Why rows were not used. A row is dropped for a NaN or infinite feature, a time that is not
// positive, a ratio beyond 1000 (wrong units), or because it repeats another.
struct TrainingReport {
  std::size_t rows = 0, used = 0, not_finite = 0, not_positive = 0, out_of_range = 0, repeated = 0;
  // What the members that never saw a row's operator say of it, for each row that was used.
  struct HeldOut {
    std::size_t row = 0;  // position in the training rows
    double log_factor = 0, sigma = 0;
  };
  std::vector<HeldOut> held_out;
  std::string text() const;
};

struct Correction {
  double log_factor = 0;  // add to log(predicted)
  double sigma = 0;       // calibrated: +-1.645 sigma covers 90 % of held-out rows
};

class LearnedModel {
 public:
  // Throws Error{usage} when rows disagree on the number of features or nothing valid is left.
  static std::optional<LearnedModel> train(std::span<const TrainingRow> rows,
                                           const TrainingOptions& options = {},
                                           TrainingReport* report = nullptr);

  // Text with the feature version and a hash over the content. parse() throws Error{usage} on a
  // cut or edited text and on another feature version.
  std::string serialise() const;
  static LearnedModel parse(std::string_view text);

  // Of a scope that the training data did not hold: no correction, sigma 1.
  Correction correct(std::span<const double> features, std::string_view scope = {}) const;
  struct Scope {
    std::string name;
    std::size_t rows = 0;
    double sigma_factor = 1;  // its own calibration where it has rows enough
    double trust = 1;         // share of the correction that held-out operators confirm
  };
  std::span<const Scope> scopes() const;
  bool knows(std::string_view scope) const;
  std::size_t feature_count() const;
  // Mean absolute change of the output per standard deviation of each feature.
  std::vector<double> importance() const;
  // FNV-1a over the training rows that were used.
  std::uint64_t data_hash() const;
  // Share of held-out rows inside their 90 % interval, as seen while calibrating.
  double held_out_coverage() const;

 private:
  struct State;
  explicit LearnedModel(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace perftune
