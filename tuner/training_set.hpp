// Training rows of the learned model: from a store's measurements, predicted again by this build's
// white box, or from a file of such rows.
//
// The file is CSV without quotes: scope, group, limiter, predicted_us, roofline_us, measured_us, then one
// column per feature of features.hpp. Pure but for reading the store.
#pragma once

#include <string>
#include <vector>

#include "costmodel/learned_model.hpp"
#include "db/store.hpp"
#include "tuner/slices.hpp"

namespace perftune {

struct TrainingSet {
  std::vector<TrainingRow> rows;
  // One per row: what reports sort errors by.
  struct Facts {
    std::string limiter;
    double roofline_us = 0;
  };
  std::vector<Facts> facts;
  std::size_t not_understood = 0;  // operator, hardware or program that this build cannot read or predict
  void add(const TrainingSet& other);  // as other operators
};

// "cpu-local/AMD EPYC 9575F: contraction": what a model must have seen to speak.
std::string model_scope(std::string_view hardware, std::string_view vendor_name, std::string_view family);

// `hardware` and `vendor_name` empty: of all devices.
TrainingSet training_set(Store& store, const Slices& slices, std::string_view hardware = {},
                         std::string_view vendor_name = {});

std::string training_csv(const TrainingSet& set);
// Throws Error{usage} with line and column: a cell that is no number, a missing or unknown column (the
// features of another version). NaN, zeros and the like are the training's to judge.
TrainingSet parse_training_csv(const std::string& text, const std::string& file);

}  // namespace perftune
