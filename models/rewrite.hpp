// Changes to a specialised graph that keep its meaning: for kernels' sake, before lowering.
#pragma once

#include <functional>

#include "models/flat_graph.hpp"

namespace perftune {

// Batch normalisation and added constants, one number per filter, after a convolution or a transposed one with
// known weights go into the weights and the bias.
void fold_into_windows(FlatGraph& graph);

// Indices of gathers become i32, checked and counted from the start, as kernels read them.
void prepare_indices(FlatGraph& graph);

// LSTM and GRU with known weights and up to 16 steps become products and elementwise operators.
void expand_recurrent(FlatGraph& graph);

// Dense layers without activation in between that read the same value, with weights known: one wider
// product and its parts. `pays(input shape, widths)` decides.
using CombinePays = std::function<bool(const Shape& input, const std::vector<std::int64_t>& widths)>;
void combine_dense(FlatGraph& graph, const CombinePays& pays);

}  // namespace perftune
