// Prints the operands of a contraction as the small structs that the device headers take
// (shared_tile.cuh, contraction_simt.cuh, contraction_mma.cuh), over the arguments that
// contraction_arguments.hpp declares. Pure.
#pragma once

#include <string>
#include <vector>

#include "codegen/argument_list.hpp"
#include "codegen/contraction.hpp"

namespace perftune {

class OperandPrinter {
 public:
  // Both arguments outlive this. `index_type` is "pt::i32" or "pt::i64".
  OperandPrinter(const Contraction& form, const ArgumentList& arguments, std::string index_type);

  // A or B: name "A", member "a", rows in Group::m or Group::n.
  std::string factor(const std::string& name, const Access& access, Group rows, bool along_k,
                     int vector);
  // The same for a tile that TMA loads: its tensor map, and coordinates in it, the contiguous
  // direction first, then the other, then the batch axes that index it, innermost first.
  std::string tensor_factor(const std::string& name, const Access& access, Group rows,
                            bool along_k);
  // The output, stored in vectors along n, or by TMA through a tensor map with coordinates as above.
  std::string output(const Access& access, int vector, bool tensor_store);
  // Operand number i of the epilogue, read with the output's indices.
  std::string extra(const Access& access, std::size_t i);

 private:
  std::string head(const std::string& name, const std::string& member, const Access& access,
                   bool writes);
  // A static function `function` from a linear index of `group` to an element offset.
  std::string offset(const std::string& function, const std::string& member, const Access& access,
                     Group group);
  // `map` and `locate` of an operand that TMA moves; `member` is the map's.
  std::string tensor_access(const std::string& member, const Access& access, const char* inner,
                            const char* outer);
  // Statements that take `variable` apart into the merged axes of `group`, and their names.
  std::string decode(const std::string& variable, Group group, std::vector<std::string>& axes);
  std::string windows(const std::string& member, const Access& access, Group rows);
  std::string window_terms(const std::string& member, const Access& access, std::size_t bound,
                           Group group, const std::vector<std::string>& axes);

  const Contraction& form_;
  const ArgumentList& arguments_;
  std::string index_;
};

}  // namespace perftune
