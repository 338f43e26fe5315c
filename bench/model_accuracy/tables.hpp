// The tables that model_accuracy prints; each returns text.
#pragma once

#include <string>

#include "reference_data.hpp"

namespace perftune::bench {

// The white box beside the naive roofline, the two-parameter line and the noise floor.
std::string gemm_table(const std::vector<GemmSet>& sets);
std::string streaming_table(const std::vector<StreamSet>& sets);
// Shared parameters fitted on all bf16 sets but one, judged on that one.
std::string leave_one_out_table(const std::vector<GemmSet>& sets);
// The learned correction: split by shape, and trained on all GPUs but one.
std::string learned_table(const std::vector<GemmSet>& sets);
std::string replay_table(const RecordedSpace& space, int seeds);

// Microseconds of the library model, one per row.
std::vector<double> predict(const GemmSet& set, const GpuParameters& parameters);

}  // namespace perftune::bench
