// Convolutions as oneDNN primitives, in the layout that it prefers and in perftune's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/cpu_ops/cases.hpp"

namespace perftune::bench {

// preferred: oneDNN chooses the layout of image, weights and result (blocked by 16 channels mostly); no
// reorder to or from it is timed. as_given: image and result lie as the case says, weights as oneDNN
// chooses.
enum class ConvolutionLayout { preferred, as_given };

// A call of the direct algorithm for conv2d or depthwise_conv2d, inference, f32, on buffers of its own.
// The primitive's making and the weights' reorder are outside the call.
std::function<void()> onednn_convolution_call(const Case& c, ConvolutionLayout layout);

// What is compared in a layout, "nhwc" or "nchw": ResNet-50, MobileNetV2's 1x1, grouped, dilated.
std::vector<std::string> convolution_cases(const std::string& layout);

}  // namespace perftune::bench
