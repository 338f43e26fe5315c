// Is a compiled kernel right? Its outputs for random inputs against the float64 oracle.
//
// A kernel passes when every checked element lies in the range that rounding explains
// (rounding_model.hpp), no unchecked element of a floating output is NaN (outputs are poisoned with
// NaN before the launch), the output is not all zero where the oracle is not, the inputs are as
// they were, and no guard around a buffer was written. All elements are checked when that costs
// at most `whole_points` points of the iteration domain, else sample_elements (sampling.hpp).
//
// Call order: make once per operator and seed, check any number of kernels. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "executor/device.hpp"
#include "executor/oracle.hpp"

namespace perftune {

inline constexpr double whole_points = 0x1p25;  // about 0.2 s of oracle

class Verifier {
 public:
  // Draws the inputs. `op` must outlive the verifier.
  Verifier(const Operator& op, std::uint64_t seed);

  // Loads the inputs, launches once and compares. `tile` holds the kernel's tile extents along the
  // output's dimensions, so that both sides of tile boundaries are drawn; empty: a contraction's
  // are taken from its tile program (block_m, block_n).
  // nullopt: the kernel is right. Otherwise launch_failed (or what the device reported) or
  // wrong_result with one line on the worst element.
  std::optional<Failure> check(Device& device, const CompiledKernel& kernel, const Launch& launch,
                               const std::vector<std::int64_t>& tile = {});

  // The same for outputs that came from elsewhere: one span per op.outputs().
  std::optional<std::string> compare_outputs(std::span<const std::span<const std::byte>> outputs,
                                             const std::vector<std::int64_t>& tile = {});

  const std::vector<std::vector<std::byte>>& inputs() const { return inputs_; }

 private:
  std::optional<std::string> compare_output(int output, std::span<const std::byte> stored,
                                            const std::vector<std::int64_t>& tile);

  const Operator& op_;
  std::uint64_t seed_;
  std::vector<std::vector<std::byte>> inputs_;
  Oracle oracle_;
};

// Draws inputs, checks one kernel, forgets both.
std::optional<Failure> verify_on(Device& device, const Operator& op, const CompiledKernel& kernel,
                                 const Launch& launch, std::uint64_t seed,
                                 const std::vector<std::int64_t>& tile = {});

// Compares the elements at flat positions `elements` of a stored tensor with what is expected of
// them: nullopt, or "C[3,17] = 1.25, expected 1.31 (tolerance 0.002); 5 of 4096 elements differ".
// With fewer `elements` than the tensor has, the others must not be NaN unless one is expected.
std::optional<std::string> compare(const Tensor& tensor, std::span<const std::int64_t> elements,
                                   std::span<const Approximate> expected,
                                   std::span<const std::byte> stored);

// "C[3,17]" for the element at a flat position.
std::string element_name(const Tensor& tensor, std::int64_t element);

}  // namespace perftune
