// Random operators as operator text, for property tests of canonical forms and generated kernels.
// Deterministic by seed on every platform; a failing test prints the text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "recipes/dtype.hpp"

namespace perftune {

struct RandomContractionOptions {
  std::vector<DType> types{DType::f32};  // of A and B, drawn together
  std::int64_t largest_m = 70;           // products over the group's axes
  std::int64_t largest_n = 70;
  std::int64_t largest_k = 90;
  bool usual_layouts = false;  // row-major batch..., m, k and the like instead of any permutation
  bool epilogue = true;
};

// A contraction: batch of rank 0 to 2, possibly missing in one operand, one or two axes each in m,
// n and k (n and m sometimes none), dimensions in any order, an epilogue with bias or residual.
std::string random_contraction(std::uint64_t seed, const RandomContractionOptions& options = {});

// A two-dimensional convolution with random extents, stride, dilation, asymmetric padding, groups
// (a batch axis) and layout, in type `type`.
std::string random_convolution(std::uint64_t seed, DType type = DType::f32);

}  // namespace perftune
