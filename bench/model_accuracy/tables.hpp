// The tables that model_accuracy prints; each returns text and adds what it reached to `goals`.
#pragma once

#include <string>

#include "metrics.hpp"
#include "reference_data.hpp"

namespace perftune::bench {

// The white box beside the naive roofline, the two-parameter line and the noise floor.
std::string gemm_table(const std::vector<GemmSet>& sets, Goals& goals);
std::string streaming_table(const std::vector<StreamSet>& sets, Goals& goals);
// Shared parameters fitted on all bf16 sets but one, judged on that one.
std::string leave_one_out_table(const std::vector<GemmSet>& sets, Goals& goals);
// The learned correction: split by shape, and trained on all GPUs but one.
std::string learned_table(const std::vector<GemmSet>& sets, Goals& goals);
std::string replay_table(const RecordedSpace& space, int seeds, Goals& goals);
// The CPU target: recorded times of every candidate of 57 operators (bench/cpu_spaces/recording).
std::string cpu_table(const std::string& folder, Goals& goals);

// One CSV row per GEMM (row_file.cpp names the columns); returns how many. Throws where `file` cannot be written.
std::size_t write_rows(const std::vector<GemmSet>& sets, const std::string& file);

// Microseconds of the library model, one per row.
std::vector<double> predict(const GemmSet& set, const GpuParameters& parameters);

}  // namespace perftune::bench
