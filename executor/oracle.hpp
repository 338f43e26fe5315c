// The oracle: what an operator's outputs are, evaluated directly in float64 on the host, each
// with the distance from it that a correct kernel may have (rounding_model.hpp).
//
// It shares nothing with code generation: it walks the operator's own expressions. A whole output
// costs a few nanoseconds per scalar operation of its domain; large outputs are checked at chosen
// elements (sampling.hpp). Intermediate tensors are computed once, whole where that is cheap and
// else element by element as they are asked for.
//
// Call order: make, then evaluate in any order. Not thread-safe. Keeps references to `op` and to
// the inputs' bytes. Throws Error{usage} when an index leaves its tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "executor/oracle_program.hpp"
#include "executor/rounding_model.hpp"
#include "recipes/operator.hpp"

namespace perftune {

class Oracle : private TensorReader {
 public:
  // One span per op.inputs(), of exact size.
  Oracle(const Operator& op, std::span<const std::span<const std::byte>> inputs);
  ~Oracle() override;
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  // Every element of tensor `output` (Operator::tensors position), row-major.
  std::vector<Approximate> evaluate(int output);

  // The elements at flat row-major positions `elements`, in that order.
  std::vector<Approximate> evaluate(int output, std::span<const std::int64_t> elements);

  // Points of the iteration domains behind one element, and behind the whole of `output`, not
  // counting intermediates.
  double points_per_element(int output) const;
  double points(int output) const;

 private:
  struct Computed;  // a tensor that statements assign

  bool read(int tensor, std::int64_t first, std::int64_t stride, std::span<double> values,
            std::span<double> errors) override;
  bool read_input(int tensor, std::int64_t first, std::int64_t stride, std::span<double> values,
                  std::span<double> errors) const;
  Computed& computed(int tensor);
  void compute_all(int tensor);
  Approximate value_of(int tensor, std::int64_t element);
  Approximate compute(int tensor, std::int64_t element);
  void compute_statement(std::size_t statement, Computed& into);

  const Operator& op_;
  std::vector<std::span<const std::byte>> bytes_;         // by tensor; empty: no input
  std::vector<std::unique_ptr<Computed>> computed_;       // by tensor; null: not begun
  std::vector<std::unique_ptr<OracleProgram>> programs_;  // by statement
};

}  // namespace perftune
