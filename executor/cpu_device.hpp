// This machine's processor as a Device.
//
// Kernels run inside the calling process: what crashes or never ends is the business of the worker
// process that owns the device (profiler/worker.hpp).
//
// Call order: load, then launch and read; or load, prepare, and many call()s for timing. One
// caller, the thread that made the device (it is thread 0 of the pool). Tensor buffers are
// guarded; outputs are poisoned before each launch (NaN for floating types), never by call().
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "executor/device.hpp"
#include "executor/guarded_buffer.hpp"
#include "executor/loaded_library.hpp"
#include "executor/thread_pool.hpp"

namespace perftune {

// A loaded kernel with its parameters for the tensors loaded now; calling it costs one indirect
// call. Valid until the device's next load; several may exist at once (interleaved measurement).
class PreparedKernel {
 public:
  void call() const { entry_(parameters_.data(), pool_); }

  // The zeroed part of the workspace is zero again, and its guards are intact; else what is wrong.
  std::optional<std::string> workspace_violation() const;

 private:
  friend class CpuDevice;
  using Entry = void (*)(const void* params, const PerftunePool* pool);
  PreparedKernel(LoadedLibrary library, Entry entry, const PerftunePool* pool)
      : library_(std::move(library)), entry_(entry), pool_(pool) {}

  LoadedLibrary library_;
  Entry entry_;
  const PerftunePool* pool_;
  std::vector<std::uint64_t> parameters_;
  GuardedBuffer workspace_;
  std::size_t workspace_zeroed_ = 0;
};

class CpuDevice final : public Device {
 public:
  // `pin` false leaves placement to the system (several devices on one machine).
  CpuDevice(Hardware hardware, int threads, bool pin = true);

  const Hardware& hardware() const override { return hardware_; }
  void load(const Operator& op, std::span<const std::span<const std::byte>> inputs) override;
  std::optional<Failure> launch(const CompiledKernel& kernel, const Launch& launch) override;
  void read(int slot, std::span<std::byte> into) override;
  std::optional<std::string> guard_violation() const override;

  int threads() const { return pool_.threads(); }
  ThreadPool& pool() { return pool_; }
  std::span<std::byte> tensor(int slot) {
    return buffers_.at(static_cast<std::size_t>(slot)).bytes();
  }

  // Loads the shared object once. A kernel that does not load is a Failure.
  std::optional<PreparedKernel> prepare(const CompiledKernel& kernel, const Launch& launch,
                                        Failure& failure);

  // Poisons every output, as launch does.
  void poison_outputs();

 private:
  Hardware hardware_;
  ThreadPool pool_;
  Operator op_;
  std::vector<GuardedBuffer> buffers_;  // by tensor; intermediates have none
};

}  // namespace perftune
