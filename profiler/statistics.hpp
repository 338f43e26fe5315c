// Robust statistics of timing samples: medians, spreads and intervals that need no normal
// distribution, because times have a floor and a long tail.
//
// Pure functions; samples may come in any order. An empty span is a bug of the caller (assert).
#pragma once

#include <span>
#include <string>
#include <vector>

namespace perftune {

double median(std::span<const double> samples);

// Linear interpolation between order statistics (Hyndman & Fan 1996, type 7); q in [0, 1].
double quantile(std::span<const double> samples, double q);

// Interquartile range over median.
double relative_spread(std::span<const double> samples);

// Distribution-free interval of the median from order statistics (the sign test inverted):
// covers it with at least `confidence`, or spans all samples when there are too few for that.
struct Interval {
  double low = 0;
  double high = 0;
};
Interval median_interval(std::span<const double> samples, double confidence);

// numerator[i] / denominator[i], one per round of an interleaved measurement.
std::vector<double> ratios(std::span<const double> numerator, std::span<const double> denominator);

// "3 of 40 samples are outliers, the largest 2.10 times the median", by Tukey's fences (1.5
// interquartile ranges beyond the quartiles); empty when there are none.
std::string outlier_note(std::span<const double> samples);

}  // namespace perftune
