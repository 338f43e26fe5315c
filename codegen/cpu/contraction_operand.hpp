// One tensor of a `cpu/simd` contraction: the text of its addresses and the scalars that they take.
//
// An operand with a declared pad value is read in one of three ways (CpuTiles::Edges); as a staged copy
// it has the copy's strides and nothing to test. Names and values of scalars come from one walk, so
// that a kernel's text and a launch cannot disagree. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codegen/argument_list.hpp"
#include "codegen/contraction.hpp"
#include "codegen/cpu/cpu_tiles.hpp"

namespace perftune {

// Along which group an access is contiguous at every extent: 'b', 'm', 'n', 'k', or '0' for none.
char contiguous_group(const Access& access, std::initializer_list<Group> groups);

class CpuOperand {
 public:
  // Refers to both; `prefix` names its parameters.
  CpuOperand(const Contraction& form, const Access& access, std::string prefix,
             std::int64_t edges = CpuTiles::asked);

  bool staged() const { return edges_ == CpuTiles::staged; }
  bool tested() const { return !access_.bounds.empty() && edges_ == CpuTiles::asked; }
  // Several axes of `g` that do not nest, and offsets that nothing tests: worth a table.
  bool tabled(Group g) const { return !tested() && !access_.nests[static_cast<std::size_t>(g)]; }

  std::int64_t stride(Group g, std::size_t axis) const;

  // Points of the group, counted from any multiple of this number, that lie the last axis's stride apart.
  std::int64_t run(Group g) const;
  // The distance between neighbours in the whole group; nullopt: not the same everywhere.
  std::optional<std::int64_t> linear_stride(Group g) const;

  void collect(ArgumentList& arguments) const;

  std::string base() const;                // pointer to the element of all-zero indices
  std::string offset(Group g) const;       // in elements, of the group's flat index (its letter)
  std::string walk(Group g) const;         // a pt::Walk over the group
  std::string inside() const;              // whether flat b, m, n, k lie inside the tensor
  std::string last_stride(Group g) const;  // of the group's innermost axis
  std::string stage_call() const;          // makes the task's part of the staged copy

 private:
  std::string stride_name(Group g, std::size_t i) const;
  std::string stride_text(Group g, std::size_t i) const;
  std::string bound_name(std::size_t j, Group g, std::size_t i) const;

  const Contraction& form_;
  const Access& access_;
  std::string prefix_;
  std::int64_t edges_;
};

// The form that a tile program's rows and columns refer to: `form`, or with its operands, m and n exchanged.
Contraction tiled_form(const Contraction& form, const CpuTiles& tiles);

// Whether reads of `access` may be left as they are stored, or were staged: nothing converts or tests them.
bool readable_in_place(const Access& access, std::int64_t edges, DType accumulate);

// Whether B can be read in place by the register tile: rows of contiguous columns, equally far apart, by
// its subscripts or at these extents.
bool right_in_rows(const Contraction& form, std::int64_t edges);

// Names that several texts use.
std::string extent_name(Group g, std::size_t axis);
char letter(Group g);

}  // namespace perftune
