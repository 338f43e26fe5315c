// An emitter of CUDA kernels with planted faults, for operators C[m] = 2 * A[m] + 1 in f32; knob
// `fault`. `copies` repeats the work, to make a slower kernel.
#pragma once

#include <string>

#include "codegen/emitter.hpp"
#include "executor/host_compiler.hpp"

namespace perftune {

enum class DeviceFault : int {
  none,
  illegal_address,  // far outside every allocation
  near_write,       // just behind its output: into the guard
  endless,
  wrong,
  zeros,
  partly,
  changes_input,
  wrong_entry,      // the module has another entry point
  too_much_shared,  // more dynamic shared memory than the device has
  too_many_threads,
  cluster,          // a launch that the device does not know
  dirty_workspace,  // does not leave its counters zero
  faults_later,     // illegal address on the fifth launch
  wrong_later,
  nan,
  too_much_memory,  // a workspace larger than the device
  // Of the process, not of the kernel (gpu_worker_main.cpp):
  child_exits,      // without a word, while measuring
  child_garbage,    // writes over the protocol
  child_lies,       // a well-formed frame with a time that is no number
  compiler_hangs,
  compiler_drains,  // takes memory without end
};

class DeviceFaultEmitter final : public Emitter {
 public:
  std::string_view family() const override { return "fault"; }
  std::string_view target() const override { return "cuda/simt"; }
  Reading read(const Operator&) const override {
    return {[](const TileProgram&, const Hardware&) { return std::nullopt; },
            [](const TileProgram&, const Hardware&) { return Resources{}; }};
  }
  Kernel emit(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram&) const override { return op; }
};

TileProgram device_program(DeviceFault fault, int copies = 1);

// The emulated build of `kernel`, known to the fake driver in `folder` as the build of `image`; an
// empty `image` stands for the build itself (an ELF file as a cubin is). Returns the image.
std::string register_kernel(const std::string& folder, const Kernel& kernel,
                            std::string image = {});

}  // namespace perftune
