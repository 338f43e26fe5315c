// The two logarithmic axes of a roofline: what range shows every point and ceiling. Pure.
#pragma once

#include <algorithm>
#include <cmath>

#include "cli/report/report_data.hpp"

namespace perftune {

struct LogRange {
  double low = 0, high = 1;  // powers of ten
  // 0 at the low end, 1 at the high one.
  double place(double value) const { return (std::log10(value) - low) / (high - low); }
  double value(double place) const { return std::pow(10.0, low + place * (high - low)); }
};

struct LogAxes {
  LogRange x;  // FLOP per byte
  LogRange y;  // TFLOP/s
};

inline LogAxes axes_for(const Report& report, const ReportDevice& device) {
  double x_low = 1, x_high = 100, top = 0, y_low = 1e300, fastest = 0;
  for (const Roof& roof : device.roofs)
    if (!roof.memory) top = std::max(top, roof.rate);
  for (const Roof& roof : device.roofs)
    if (roof.memory && top > 0) {
      x_high = std::max(x_high, 2 * top * 1e3 / roof.rate);  // the ridge stays inside
      fastest = std::max(fastest, roof.rate);
    }
  for (const std::size_t position : device.rows) {
    const ReportRow& row = report.rows[position];
    if (!row.drawable()) continue;
    x_low = std::min(x_low, row.intensity() / 2);
    x_high = std::max(x_high, row.intensity() * 2);
    y_low = std::min(y_low, row.tflops() / 2);
    top = std::max(top, row.tflops());
    if (row.before) {
      y_low = std::min(y_low, row.tflops_at(row.before->us) / 2);
      top = std::max(top, row.tflops_at(row.before->us));
    }
  }
  if (top <= 0) top = 1;
  y_low = std::min(y_low, top / 100);
  if (fastest > 0 && top > 0) x_low = std::min(x_low, top * 1e3 / fastest / 2);  // its ridge, too
  return {{std::log10(x_low), std::log10(x_high)}, {std::log10(y_low), std::log10(top * 2)}};
}

// Where a slanted roof (GB/s) meets TFLOP/s.
inline double intensity_at(const Roof& memory, double tflops) { return tflops * 1e3 / memory.rate; }

}  // namespace perftune
