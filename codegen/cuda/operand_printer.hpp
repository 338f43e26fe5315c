// Prints the operands of a contraction as the small structs that the device headers take
// (shared_tile.cuh, contraction_simt.cuh, contraction_mma.cuh), and collects the kernel's
// arguments as it goes: what the text names and what a launch passes come from one place.
//
// Call order: construct; print operands in any order; then members() and values(). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/contraction.hpp"
#include "codegen/kernel.hpp"

namespace perftune {

// The members of `struct Params`, and at one shape their values.
class ArgumentList {
 public:
  void tensor(const std::string& name, const std::string& pointer_type, int position);
  void workspace();
  void tensor_map(const std::string& name, int position);
  // Named once however often it is asked for; returns "p.name".
  std::string scalar(const std::string& name, std::int64_t value);

  std::vector<Argument> arguments() const;       // tensor maps, then pointers, first
  std::string members() const;                   // the body of struct Params
  std::vector<std::int64_t> values() const;      // of the scalars

 private:
  struct Pointer {
    Argument argument;
    std::string type;
  };
  struct Scalar {
    std::string name;
    std::int64_t value;
  };
  std::vector<Argument> maps_;
  std::vector<Pointer> pointers_;
  std::vector<Scalar> scalars_;
};

class OperandPrinter {
 public:
  // Both arguments outlive this. `index_type` is "pt::i32" or "pt::i64".
  OperandPrinter(const Contraction& form, ArgumentList& arguments, std::string index_type);

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
  ArgumentList& arguments_;
  std::string index_;
};

}  // namespace perftune
