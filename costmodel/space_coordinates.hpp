// Where the configurations of a recorded space lie for a surrogate: one number in [0, 1] per parameter that varies,
// by its logarithm if positive (tile sizes act by ratios).
//
// Where one parameter is a whole multiple of another in every configuration, by a rule and not by the values that
// they take, their quotient may be what counts:
// a block's tile over its threads is the work of a thread. Which divisor, if any, is for the measurements to say, so a
// coordinate has alternatives. Values only; no device, no times.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace perftune {

class SpaceCoordinates {
 public:
  // `values`: rows x `parameters` numbers, row-major.
  SpaceCoordinates(std::span<const double> values, std::size_t parameters);

  std::size_t width() const { return width_; }
  std::span<const double> rows() const { return rows_; }  // row-major, width() each
  std::span<const double> row(std::size_t at) const { return {rows_.data() + at * width_, width_}; }

  // Coordinate `column` can be its parameter (alternative 0) or the parameter over one that divides it.
  std::size_t alternatives(std::size_t column) const { return columns_[column].size(); }
  std::size_t chosen(std::size_t column) const { return chosen_[column]; }
  double value(std::size_t row, std::size_t column, std::size_t alternative) const {
    return columns_[column][alternative][row];
  }
  void choose(std::size_t column, std::size_t alternative);  // changes rows()

 private:
  std::size_t width_ = 0;
  std::vector<std::vector<std::vector<double>>> columns_;  // column, alternative, row
  std::vector<std::size_t> chosen_;
  std::vector<double> rows_;
};

}  // namespace perftune
