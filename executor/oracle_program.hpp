// One statement's expression, prepared for evaluation in float64 along rows: the oracle's engine.
//
// A row is a run of points along one axis with all other axes fixed. Every node of the expression
// is evaluated for a whole row at a time into a buffer of its own, so that the cost of walking the
// tree is shared by up to `row_points` points and inner loops are over arrays. A reduction is
// evaluated along its own longest axis when that is longer than the row asked for, else for the
// whole row at each of its points.
//
// Used by Oracle (oracle.hpp) only. Not thread-safe: buffers belong to the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "executor/rounding_model.hpp"
#include "recipes/operator.hpp"

namespace perftune {

inline constexpr std::int64_t row_points = 512;

// Where values of tensors come from. Elements are flat row-major positions, always inside.
class TensorReader {
 public:
  virtual ~TensorReader() = default;

  // values[i], errors[i] = element first + i * stride; false when all errors are 0 (unwritten
  // then).
  virtual bool read(int tensor, std::int64_t first, std::int64_t stride, std::span<double> values,
                    std::span<double> errors) = 0;
};

struct RowBuffer {
  std::vector<double> value;
  std::vector<double> error;
  bool exact = false;  // all errors are 0, `error` is not filled
};

class OracleProgram {
 public:
  OracleProgram(const Operator& op, const Statement& statement, const RoundingModel& model,
                TensorReader& reader);
  ~OracleProgram();

  // Values at `count` (up to row_points) points along `axis` from point[axis] on. `point` has one
  // entry per statement axis, reduction entries being scratch, and one more, the axis of rows
  // that move along none. Throws Error{usage} when a read leaves its tensor where no pad is
  // declared.
  const RowBuffer& evaluate(std::vector<std::int64_t>& point, int axis, std::int64_t count);

  // Flat position of the output element that `point` assigns.
  std::int64_t output_position(const std::vector<std::int64_t>& point) const;

  struct Node;

 private:
  std::unique_ptr<Node> prepare(const ExprPtr& expr);
  void run(Node& node, std::vector<std::int64_t>& point, int axis, std::int64_t count);
  void run_read(Node& node, std::vector<std::int64_t>& point, int axis, std::int64_t count);
  void run_scattered_read(Node& node, const std::vector<std::int64_t>& point, int axis,
                          std::int64_t count);
  void run_apply(Node& node, std::vector<std::int64_t>& point, int axis, std::int64_t count);
  void run_reduce(Node& node, std::vector<std::int64_t>& point, int axis, std::int64_t count);
  std::int64_t index_value(const Index& index, const std::vector<std::int64_t>& point);
  std::int64_t checked(int tensor, std::size_t dimension, std::int64_t value) const;

  const Operator& op_;
  const Statement& statement_;
  RoundingModel model_;
  TensorReader& reader_;
  std::vector<std::vector<std::int64_t>> strides_;  // per tensor
  std::unique_ptr<Node> root_;
};

}  // namespace perftune
