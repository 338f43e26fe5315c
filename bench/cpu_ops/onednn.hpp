// The operators of cases.hpp as oneDNN primitives, made once and called on perftune's buffers.
#pragma once

#include <functional>
#include <span>

#include "bench/cpu_ops/cases.hpp"

namespace perftune::bench {

// Starts oneDNN's threads. Call before this thread is pinned: threads inherit its processors.
void start_onednn(int threads);

// A call that computes the case's output from its inputs (in the operator's order), all f32. Empty
// for operators that oneDNN has no primitive for. The primitive's choice of implementation and its
// scratch memory are outside the call; so are reorders to the layout that it prefers (a
// convolution runs in oneDNN's own blocked layout, with weights reordered before: onednn_convolutions.hpp).
std::function<void()> onednn_call(const Case& c, std::span<float* const> inputs, float* output);

}  // namespace perftune::bench
