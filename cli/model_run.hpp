// `perftune run model.onnx`: the whole graph on this CPU, with the store's kernels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "cli/hardware_choice.hpp"

namespace perftune {

struct ModelRunOptions {
  std::string file;
  std::string store;
  std::vector<std::string> inputs, outputs;  // NAME=file.npy
  std::vector<std::string> dims;
  HardwareChoice hardware;
  std::uint64_t seed = 1;
  bool json = false;
  bool check = false;    // against the reference implementations
  bool profile = false;  // time each step
};

void run_model(const ModelRunOptions& options, Context& context);

}  // namespace perftune
