// An operator: a named tensor expression with every dimension bound to a number.
//
// Made by read_operator_file (operator_file.hpp) from YAML and immutable afterwards. The same
// computation has the same signature whatever its file, name or spelling. `rebind` gives the same
// expression at other dimensions: derived dimensions and tensor shapes follow.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recipes/dtype.hpp"
#include "recipes/error.hpp"
#include "recipes/expression.hpp"

namespace perftune {

using Dims = std::map<std::string, std::int64_t>;

struct Tensor {
  enum class Role : std::uint8_t { input, output, intermediate };
  std::string name;
  DType type = DType::f32;
  std::vector<std::int64_t> shape;  // row-major, innermost last; empty: a scalar
  Role role = Role::input;
  std::optional<double> pad;        // value of reads outside `shape`; absent: such reads are errors

  std::int64_t elements() const;
  std::int64_t bytes() const;
  std::vector<std::int64_t> strides() const;  // in elements, row-major
};

struct Axis {
  std::string name;
  std::int64_t extent = 0;
  bool reduction = false;
};

// tensors[output][indices] = value for every point of the spatial axes.
struct Statement {
  int output = -1;
  std::vector<Index> indices;  // left-hand subscripts: affine in spatial axes
  std::vector<Axis> axes;      // spatial ones first, then each reduction's
  ExprPtr value;
  SourceLocation where;
};

class OperatorSource;  // the parsed file, kept so that dimensions can be bound again

struct Operator {
  std::string name;
  Dims dims;                        // base and derived dimensions
  std::vector<Tensor> tensors;      // inputs in file order, outputs, then intermediates
  std::vector<Statement> statements;
  DType accumulate = DType::f32;
  std::shared_ptr<const OperatorSource> source;

  std::vector<int> inputs() const;   // positions in `tensors`
  std::vector<int> outputs() const;

  // Canonical text of expression, types and dimensions: names of tensors, axes and dims, and
  // their order, do not show. Same computation, same text.
  std::string signature() const;
  // The part of `signature` that does not depend on the extents.
  std::string structure() const;

  // Arithmetic: one per scalar operation and point of its iteration domain; a multiply-add is 2.
  double flops() const;
  // Bytes that must move at least once: every input and output element once.
  double compulsory_bytes() const;
  double intensity() const { return flops() / compulsory_bytes(); }

  // The same expression with the given base dimensions replaced. Throws Error{usage} when a
  // shape becomes empty or a read leaves its tensor.
  Operator rebind(const Dims& base) const;
  Dims base_dims() const;  // those that `rebind` accepts
};

}  // namespace perftune
