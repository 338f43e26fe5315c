// Measured reference data of others (their origins: docs/model.md), read with `zcat`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "costmodel/contraction_pipeline.hpp"
#include "costmodel/replay.hpp"

namespace perftune::bench {

struct GemmRow {
  double batch = 1, m = 0, n = 0, k = 0;
  double measured_us = 0;
};

struct StreamRow {
  std::string op;  // "softmax", "ln", "add", "addu", ...
  double rows = 0, columns = 0;
  double measured_us = 0;
};

// One table of library GEMMs on one device. `hardware` is the catalogue's, or its PCIe sibling.
struct GemmSet {
  std::string name;
  Hardware hardware;
  DType type = DType::bf16;
  LaunchContext context;
  std::vector<GemmRow> rows;
};

struct StreamSet {
  std::string name;
  Hardware hardware;
  LaunchContext context;
  std::vector<StreamRow> rows;
};

// The bf16 sets (graph launches, rotating weights); nothing where a file is absent.
std::vector<GemmSet> read_bf16_gemms(const std::string& folder);
// The fp32 linear and bmm sets (calls of a framework, the same buffers each time).
std::vector<GemmSet> read_fp32_gemms(const std::string& folder);
std::vector<StreamSet> read_fp32_streams(const std::string& folder);
std::optional<RecordedSpace> read_kernel_tuner(const std::string& file);

ContractionWork work_of(const GemmSet& set, const GemmRow& row);

}  // namespace perftune::bench
