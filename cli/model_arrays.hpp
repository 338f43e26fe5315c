// A model's inputs and outputs as .npy files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/interpret.hpp"

namespace perftune {

// "NAME=file.npy" arguments; Error{usage} for a name that the model has not, or another type.
std::map<std::string, std::shared_ptr<const Array>> read_model_inputs(const Model& model, const std::vector<std::string>& arguments);
std::map<std::string, std::string> named_output_paths(const Model& model, const std::vector<std::string>& arguments);

// In the graph's order; random where not given: normal floats, integers 0 or 1.
Arrays fill_inputs(const FlatGraph& graph, const std::map<std::string, std::shared_ptr<const Array>>& given, std::uint64_t seed);

void write_array(const std::string& path, const Array& array);

}  // namespace perftune
