// The scales and source positions of Resize, for its reference and for kernels of whole scales.
#pragma once

#include <optional>
#include <vector>

#include "models/reference.hpp"

namespace perftune {

struct ResizeScales {
  Shape output;
  std::vector<double> scale;  // output over input, per dimension
};
std::optional<ResizeScales> resize_scales(const OpCall& call);  // nullopt: not known yet

// Where output position `at` lies in the input, as a real number.
double resize_source(const OpCall& call, std::int64_t at, std::int64_t from, std::int64_t to, double scale);
std::int64_t nearest_source(const OpCall& call, double x, std::int64_t extent);

}  // namespace perftune
