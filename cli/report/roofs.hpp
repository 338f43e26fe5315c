// The ceilings of one device for a report: datasheet and measured ones side by side, and the test
// that no point may fail (Williams, Waterman, Patterson: "Roofline", CACM 52(4), 2009). Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "costmodel/roofline.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

// Ceiling::measured tells a measured ceiling from the datasheet's.
using Roof = Ceiling;

// Memory levels from the outermost inwards ("dram", "l3" on a CPU, "l2", "l1" or "shared"), then the
// peaks of `types` on every pipe that takes them. What is unknown is absent.
std::vector<Roof> roofs_of(const Hardware& hardware, const std::set<DType>& types);

// A place on the chart: what was reached, and under which conditions.
struct RooflinePoint {
  double flops = 0;
  double bytes = 0;   // compulsory
  double us = 0;
  bool warm = false;  // caches held the data: the innermost level bounds, not DRAM
};

// Why `point` cannot be: which roof it passes and by how much; empty when it is below all. The higher
// of datasheet and measured counts, with `tolerance` for the noise of both.
std::string impossible_because(const RooflinePoint& point, const std::vector<Roof>& roofs,
                               double tolerance = 0.03);

}  // namespace perftune
