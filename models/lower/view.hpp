// Values that are other values' memory seen another way: reshaped, transposed, sliced, repeated. They
// cost nothing; kernels read them through subscripts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/flat_graph.hpp"

namespace perftune {

struct View {
  int base = -1;         // the value whose memory it is; itself when it has its own
  Shape strides;         // in elements, per dimension of the view
  std::int64_t offset = 0;

  bool contiguous(const Shape& shape) const;  // row-major from the start of `base`
};

View whole(int value, const Shape& shape);

// `node` (Reshape, Transpose, Slice, ...) applied to the view of its input: the view of output
// `output`, or nullopt when no strides describe it or the node is none of these.
std::optional<View> view_through(const OpCall& call, const View& input, const Shape& output_shape, std::size_t output);
bool is_view_op(const std::string& op);

// One subscript of a read: text over axes, and how many positions it runs over.
struct Subscript {
  std::string text;              // "0" where the extent is 1
  std::int64_t extent = 1;
  std::string extent_text;       // a dimension's name where the axis fills it; else a number
  bool window = false;           // may leave its dimension, which is one of the base's own
};

// How a kernel reads or writes the view at these subscripts, one per dimension of the view: the shape
// it gives the base's memory, and the subscripts there.
struct Reading {
  std::vector<std::string> shape;
  std::vector<std::string> subscripts;  // empty: a scalar
};
Reading read_through(const View& view, const Shape& shape, std::int64_t base_elements, const std::vector<Subscript>& at);

}  // namespace perftune
