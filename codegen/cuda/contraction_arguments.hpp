// The arguments of a CUDA contraction's kernel, in the order of its source (operand_printer.hpp). Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "codegen/argument_list.hpp"
#include "codegen/contraction.hpp"
#include "codegen/contraction_tiles.hpp"

namespace perftune {

// `tensor_copies`: A and B come by TMA; `persistent`: blocks compute several units in turn.
ArgumentList cuda_contraction_arguments(const Contraction& form, const ContractionTiles& tiles, bool tensor_copies,
                                        bool persistent);

// "b", "m", "n", "k": what a group's linear index is called.
const char* group_letter(Group group);

// Whether a group's axes index an access, or enter a bound.
bool indexes(const std::vector<StrideForm>& forms);
bool indexes(const std::vector<std::int64_t>& coefficients);

}  // namespace perftune
