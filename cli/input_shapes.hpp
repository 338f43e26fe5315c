// The shape that `run` is asked for: of a file with several extents, by the arrays that are given.
#pragma once

#include <string>
#include <vector>

#include "recipes/operator_file.hpp"

namespace perftune {

// The file's operator; where `points` are several shapes of one, at the extents that the arrays of `inputs`
// ("A=a.npy") show. Any extent is taken, not only those of the file. Throws Error{usage} where an extent stays open,
// two arrays disagree, or the file has several operators.
Operator operator_for_inputs(const std::vector<OperatorPoint>& points, const std::vector<std::string>& inputs,
                             const std::string& file);

}  // namespace perftune
