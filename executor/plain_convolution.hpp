// The operators that vendor libraries take as one convolution:
//   Y[n,f,o...] = activation(sum over c and window of X[n,c,o*stride + r*dilation - pad] * W[f,c,r...] + bias[f])
// over one to three window dimensions, in groups or not, X padded with zeros; any order of X's and Y's
// dimensions, W filters first and then channels either before or after the window.
//
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codegen/plain_product.hpp"
#include "recipes/operator.hpp"

namespace perftune {

struct PlainConvolution {
  struct Window {  // one per dimension, outermost first
    std::int64_t in = 1, out = 1, taps = 1;
    std::int64_t in_stride = 0, out_stride = 0;  // in elements
    std::int64_t stride = 1, dilation = 1, pad = 0;
  };
  int x = -1, w = -1, y = -1;  // tensors
  std::int64_t batch = 1, channels = 1, filters = 1, groups = 1;
  std::int64_t x_batch_stride = 0, x_channel_stride = 0, y_batch_stride = 0, y_filter_stride = 0;  // in elements
  bool channels_last = false;  // W is f, window, c; else f, c, window
  std::vector<Window> windows;
  DType accumulate = DType::f32;
  int bias = -1;  // tensor of `filters` elements of Y's type; -1: none
  Activation activation = Activation::none;
};

// nullopt with `why_not` set.
std::optional<PlainConvolution> plain_convolution(const Operator& op, std::string& why_not);

}  // namespace perftune
