// A Device runs compiled kernels on one machine: a GPU, this CPU, or the emulator.
//
// A kernel that fails is an answer: whatever does not load, launch or finish comes back as an
// Outcome. Only losing the device itself throws Error{unavailable}.
//
// Call order: (load (launch read*)*)*       One caller at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/kernel.hpp"
#include "db/outcome.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

struct CompiledKernel {
  Kernel kernel;
  std::string binary;    // cubin; or the path-free bytes of a shared object
  Resources resources;
};

// A failure to compile, launch or finish; nullopt is success.
struct Failure {
  OutcomeKind kind = OutcomeKind::launch_failed;
  std::string detail;
};

class Device {
 public:
  virtual ~Device() = default;

  // The same type that recipes/hardware/*.yaml fills: models cannot tell them apart.
  virtual const Hardware& hardware() const = 0;

  // Takes the shapes of `op` and copies `inputs` (one span per Operator::inputs(), of exact size)
  // into guarded buffers; keeps no reference to them.
  virtual void load(const Operator& op, std::span<const std::span<const std::byte>> inputs) = 0;

  // Runs `kernel` once on the loaded inputs, outputs poisoned first.
  virtual std::optional<Failure> launch(const CompiledKernel& kernel, const Launch& launch) = 0;

  // Copies tensor `slot` (Operator::tensors position; outputs, or inputs to see whether they were
  // changed) after the last launch; `into` must have its exact size in bytes.
  virtual void read(int slot, std::span<std::byte> into) = 0;

  // A guard region around any buffer was written since `load`: says which; nullopt when intact.
  virtual std::optional<std::string> guard_violation() const = 0;
};

}  // namespace perftune
