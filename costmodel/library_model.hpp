// What a vendor library (cuBLAS) takes for a contraction: the least time of the pipeline model
// over a set of programs like the library's own. No data of the library is used but the tile
// sizes that its kernel names carry.
//
// The launch is what benchmarks of libraries measure: repeated, from a CUDA graph, activations
// left in cache by the launch before, weights not (six copies rotate). Pure; thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "costmodel/contraction_pipeline.hpp"
#include "costmodel/prediction.hpp"
#include "recipes/operator.hpp"

namespace perftune {

struct LibraryTime {
  PipelineTime time;
  PipelineProgram program;
};

// Programs that a library of `hardware`'s generation would choose from for these types.
std::vector<PipelineProgram> library_programs(const ContractionWork& work, const Hardware& hardware);

// The best of `programs` (made once per hardware and types) with split-k chosen per shape.
LibraryTime library_time(const ContractionWork& work, std::span<const PipelineProgram> programs,
                         const Hardware& hardware, const LaunchContext& context,
                         const GpuParameters& parameters);

// How the reference measurements launch: graph, activations warm, weights rotating over six.
LaunchContext library_context();

struct LibraryPrediction {
  Prediction prediction;
  std::string program;  // canonical text of the chosen tile program
};

// Throws Error{usage} when the contraction family does not take `op`.
LibraryPrediction predict_library(const Operator& op, const Hardware& hardware);

}  // namespace perftune
