// Prints what the CUDA contraction targets share: `struct Problem` around a target's own Tiles,
// and the source around that.
//
// Pure.
#pragma once

#include <string>

#include "codegen/contraction.hpp"
#include "codegen/contraction_tiles.hpp"
#include "codegen/cuda/operand_printer.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

class ProblemPrinter {
 public:
  // All outlive this.
  ProblemPrinter(const Contraction& form, const ContractionTiles& tiles, const ArgumentList& arguments);

  // A and B by vector loads, or by TMA; the epilogue's operands and the output.
  std::string operands(bool a_along_k, bool b_along_k, bool tensor_copies);
  // The epilogue: a function from N sums of one row to N stored elements.
  std::string finish();
  // The whole text; `body` is what stands inside struct Problem, `kernel` the class template that
  // runs it; `min_blocks` the second launch bound.
  std::string source(const TileProgram& program, const Hardware& hardware, const char* header,
                     const char* entry, const char* kernel, const std::string& body,
                     int min_blocks) const;

 private:
  const Contraction& form_;
  const ContractionTiles& tiles_;
  const ArgumentList& arguments_;
  OperandPrinter operand_;
};

}  // namespace perftune
