// The learned model of a store: trained, kept with what it was judged by, found again, kept fresh.
//
// It is kept under the name "learned"; its summary is JSON (schema "perftune.model/1"): when and from how
// many rows, their hash, errors and calibration on held-out rows, features by importance.
#pragma once

#include <optional>
#include <string>

#include "costmodel/learned_model.hpp"
#include "db/store.hpp"
#include "tuner/model_quality.hpp"

namespace perftune {

struct TrainedModel {
  LearnedModel model;
  TrainingReport report;
  ModelQuality quality;  // on held-out operators
  double seconds = 0;
};

// nullopt: too little data, `why` says how little. Throws Error{usage} when no row can be used.
std::optional<TrainedModel> train_model(const TrainingSet& set, std::uint64_t seed, std::string& why);

std::string model_summary(const TrainedModel& trained);
void save_model(Store& store, const TrainedModel& trained);

struct StoredModel {
  LearnedModel model;
  std::string summary;
};
// nullopt: none, and `why` empty; or one that is cut, edited or of another version, and `why` says so.
std::optional<StoredModel> load_model(Store& store, std::string& why);

// What a tune on `hardware` may use: the stored model, trained anew first when the store has grown by a
// fifth or more since. nullopt: too little data of this device, or (`why`) a model that is refused.
std::optional<LearnedModel> fresh_model(Store& store, const Slices& slices, const Hardware& hardware,
                                        std::uint64_t seed, std::string& why);

}  // namespace perftune
