// How good a correction is on rows that it has not learnt from: by scope and by limiter, beside the white
// box alone and the naive roofline, and whether its intervals hold. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "tuner/training_set.hpp"

namespace perftune {

struct ModelQuality {
  struct Figures {
    double mape = 0;    // mean |predicted / measured - 1|
    double pairs = 0;   // share of pairs within an operator in the right order
    double top_1 = 0;   // TenSet (Zheng et al., NeurIPS 2021): sum over operators of the best time over
    double top_10 = 0;  // the sum of the best times among the first 1 and 10 by prediction
  };
  struct Slice {
    std::string by;    // "all" | "scope" | "limiter"
    std::string name;
    std::size_t rows = 0, operators = 0;
    double roofline_mape = 0;
    Figures white_box, learned;
    double coverage = 0;  // share of rows within their 90 % interval
  };
  std::vector<Slice> slices;

  // Share of rows within the interval that should hold `nominal` of them.
  struct Calibration {
    double nominal = 0, actual = 0;
  };
  std::vector<Calibration> calibration;
};

// A row's correction; rows without one (the model is silent about them) are left out.
struct JudgedRow {
  std::size_t row = 0;
  Correction correction;
};

ModelQuality judge(const TrainingSet& set, std::span<const JudgedRow> judged);

nlohmann::json quality_json(const ModelQuality& quality);

}  // namespace perftune
