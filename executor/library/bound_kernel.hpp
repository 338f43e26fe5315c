// A kernel bound to one shape and loaded for one device, and launches of it on somebody's tensors.
//
// Call order: bind (once per shape), prepare (once per set of tensors), run (often). A BoundKernel is
// immutable: any thread may prepare; a PreparedLaunch runs on one thread at a time. Objects keep alive
// what they need; a launch may outlive its kernel's library handle.
//
// Failure: refusals are values here, since launching is the fast path.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/kernel.hpp"
#include "executor/library/status.hpp"
#include "executor/library/tensor_check.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// Where a launch goes: what perftune_launch_options says.
struct LaunchPlace {
  void* stream = nullptr;
  void* workspace = nullptr;
  std::uint64_t workspace_bytes = 0;
};

class PreparedLaunch {
 public:
  virtual ~PreparedLaunch() = default;
  // On the CPU returns when done, on a GPU when enqueued.
  virtual std::optional<Refusal> run() = 0;
};

// A device as the library uses it: loads binaries, and makes several launches one.
class BoundKernel;
class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual TensorRules rules() const = 0;
  // Machine code in memory. Throws StatusError (wrong architecture, ...).
  virtual std::shared_ptr<void> load(const Kernel& kernel, const std::string& binary) = 0;
  // `addresses` are checked and in the kernel's argument order.
  virtual std::unique_ptr<PreparedLaunch> prepare(std::shared_ptr<const BoundKernel> kernel,
                                                  std::span<const std::uint64_t> addresses,
                                                  const LaunchPlace& place, std::optional<Refusal>& refusal) = 0;
  // Launches of this runtime, in order, as one. They stay usable alone.
  virtual std::unique_ptr<PreparedLaunch> sequence(std::vector<std::shared_ptr<PreparedLaunch>> launches,
                                                   void* stream, std::optional<Refusal>& refusal) = 0;
};

class BoundKernel : public std::enable_shared_from_this<BoundKernel> {
 public:
  // `op` at the shape to run, `kernel` and `launch` what its emitter made of it, `code` from
  // runtime->load.
  BoundKernel(Operator op, Kernel kernel, Launch launch, std::shared_ptr<Runtime> runtime,
              std::shared_ptr<void> code);

  const Operator& op() const { return op_; }
  const Kernel& kernel() const { return kernel_; }
  const Launch& launch() const { return launch_; }
  const std::shared_ptr<Runtime>& runtime() const { return runtime_; }
  const std::shared_ptr<void>& code() const { return code_; }
  const std::vector<int>& order() const { return order_; }

  // Tensors: inputs in file order, then outputs.
  std::unique_ptr<PreparedLaunch> prepare(std::span<const TensorArgument> tensors, const LaunchPlace& place,
                                          std::optional<Refusal>& refusal) const;

  // The address of tensor `position` (Operator::tensors) among `addresses`; 0: it is no argument.
  std::uint64_t locate(int position, std::span<const std::uint64_t> addresses) const;

 private:
  Operator op_;
  Kernel kernel_;
  Launch launch_;
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<void> code_;
  std::vector<int> order_;
};

}  // namespace perftune
