// What one point of a map costs in arithmetic, for the models of both kinds of machine. Pure.
#pragma once

#include "codegen/map.hpp"

namespace perftune {

// Simple operations per point: 1 for an addition, as many as its polynomial for exp and the like
// (codegen/cpu/device/math.hpp; CUDA's are of similar length).
double map_operations(const MapForm& form);

}  // namespace perftune
