// A GPU that is not there: runs CUDA kernels on this processor, functionally and fully checked.
//
// The very text that is compiled for the device is compiled by the host's compiler against
// codegen/emulation and run on fibers (executor/emulation). Out-of-bounds and misaligned accesses,
// races, missing waits, reads of what nothing wrote, deadlocks and launches that the hardware
// would refuse come back as a Failure that says which thread did what where. It says nothing about
// time. docs/emulation.md lists what is modelled.
//
// Call order: as Device. One caller at a time; several devices may run in parallel threads. A
// kernel runs in this process: one that loops without memory accesses, or crashes, is the business
// of the worker process around it (profiler/worker.hpp).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/emulation/headers.hpp"
#include "executor/device.hpp"
#include "executor/guarded_buffer.hpp"
#include "executor/host_compiler.hpp"

namespace perftune {

namespace emulation {
class BankConflicts;
}

// Compiles `kernel` (Language::cuda) for the emulator; nullopt with `failure` set when the
// compiler refuses it or exceeds the deadline. Resources stay empty: only a GPU compiler knows.
// `headers` differ from emulation_device_headers() in tests that plant defects.
std::optional<CompiledKernel> compile_for_emulation(
    const Kernel& kernel, const HostCompiler& compiler, double deadline_s, Failure& failure,
    std::span<const DeviceHeader> headers = emulation_device_headers());

class EmulatedDevice final : public Device {
 public:
  explicit EmulatedDevice(Hardware hardware);
  ~EmulatedDevice() override;

  const Hardware& hardware() const override { return hardware_; }
  void load(const Operator& op, std::span<const std::span<const std::byte>> inputs) override;
  std::optional<Failure> launch(const CompiledKernel& kernel, const Launch& launch) override;
  void read(int slot, std::span<std::byte> into) override;
  std::optional<std::string> guard_violation() const override;

  // Accesses and waits of all threads after which a launch counts as endless.
  void set_max_steps(std::uint64_t steps) { max_steps_ = steps; }
  // Counts bank conflicts of the launches that follow; nullptr stops. Slow: for tests.
  void count_conflicts(emulation::BankConflicts* into) { conflicts_ = into; }

 private:
  struct State;  // fibers: kept from launch to launch
  std::span<std::byte> tensor(int slot);
  std::optional<Failure> refuse(const CompiledKernel& kernel, const Launch& launch) const;

  Hardware hardware_;
  Operator op_;
  std::vector<GuardedBuffer> buffers_;  // by tensor; intermediates have none
  std::unique_ptr<State> state_;
  std::uint64_t max_steps_ = 400'000'000;
  emulation::BankConflicts* conflicts_ = nullptr;
};

}  // namespace perftune
