// The windows of convolutions and poolings: strides, dilations and pads made plain, for one to three
// spatial dimensions.
#pragma once

#include <vector>

#include "models/reference.hpp"

namespace perftune {

struct Windows {
  std::vector<std::int64_t> kernel, stride, dilation, before, after, output;  // per spatial dimension
  std::size_t rank() const { return kernel.size(); }
  bool padded() const;  // some window may leave its input
};

// `kernel` as given by the weight or by kernel_shape. Input 0 is N x C x spatial.
Windows windows_of(const OpCall& call, const std::vector<std::int64_t>& kernel);

// ConvTranspose: `output` is its output's spatial shape.
Windows transposed_windows_of(const OpCall& call, const std::vector<std::int64_t>& kernel);

}  // namespace perftune
