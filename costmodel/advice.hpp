// What would help one kernel most: the model evaluated again with one thing changed at a time.
// Pure; thread-safe.
#pragma once

#include <string>

#include "costmodel/contraction_pipeline.hpp"

namespace perftune {

// One line such as "one more stage: 41.2 us (-6 %)", or that nothing tried gains 1 %.
// `now` is the prediction for `program` itself.
std::string advise(const ContractionWork& work, const PipelineProgram& program,
                   const Hardware& hardware, const LaunchContext& context,
                   const GpuParameters& parameters, const PipelineTime& now);

}  // namespace perftune
