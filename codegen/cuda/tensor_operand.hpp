// One operand of a contraction as TMA and wgmma take it: what its strides must be, the shape of its
// tile in shared memory (tensor_tile.cuh has the same formulas), and the tensor map of a launch. Pure.
#pragma once

#include <optional>
#include <string>

#include "codegen/contraction.hpp"
#include "codegen/kernel.hpp"

namespace perftune {

// The output as TMA stores it: boxes of 16 rows and one swizzle span of `width` columns.
struct TensorOutput {
  const Contraction& form;
  int width;
  std::optional<std::string> bad_structure() const;
  std::optional<std::string> bad_strides() const;
  int span_bytes() const;
  TensorMap map() const;
};

class TensorOperand {
 public:
  // `rows`: the group beside k that indexes it, Group::m of A and Group::n of B.
  TensorOperand(const Contraction& form, const Access& access, Group rows, int block_rows,
                int block_k);

  // What no shape changes: axis groups of several axes, padding, a direction without unit stride.
  std::optional<std::string> bad_structure() const;
  // Strides that are not multiples of 16 bytes, an offset, extents beyond 2^32.
  std::optional<std::string> bad_strides() const;

  bool along_k() const { return along_k_; }
  int line_bytes() const { return line_ * element_; }
  int lines() const { return lines_; }
  int span_bytes() const;            // of one panel's lines: 16 to 128
  int bytes() const { return lines_ * line_bytes(); }
  int room() const { return (bytes() + 1023) / 1024 * 1024; }

  // Boxes of a part of the lines, where a cluster's blocks load `parts` of the tile.
  TensorMap map(int parts) const;

 private:
  const Contraction& form_;
  const Access& access_;
  Group rows_;
  bool along_k_;
  int element_;      // bytes
  int line_, lines_; // elements contiguous in the tile; how many such lines
};

}  // namespace perftune
