// The operators that a command is asked about: of an operator or suite file, or of an ONNX model.
#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "recipes/hardware.hpp"
#include "models/rewrite.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/slices.hpp"

namespace CLI {
class App;
}

namespace perftune {

void add_dim_option(CLI::App& command, std::vector<std::string>& dims);  // --dim

// `dims`: of a model; any with another file is Error{usage}. What a model leaves to the reference is
// said on stderr.
std::vector<OperatorPoint> read_points(const std::string& file, const std::vector<std::string>& dims,
                                       const Hardware& hardware, const Slices& slices, const Context& context);

// Parallel dense layers become one where the prediction says that it pays on that hardware.
CombinePays combine_by_prediction(const Hardware& hardware, const Slices& slices);

}  // namespace perftune
