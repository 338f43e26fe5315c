// A present NVIDIA GPU as a Device, over the driver (cuda_driver.hpp).
//
// Tensors lie between guard regions that are read back; outputs are poisoned before each launch.
// Launches wait for their end: what a kernel does comes back from launch as its Failure. After a
// sticky error (an illegal address, ...) the process's context is broken: usable() turns false and
// the worker that owns the device has to end. Losing the device itself throws Error{unavailable}.
//
// Call order: load, then launch and read; or load (rotate), prepare, and enqueue with wait for timing. One
// caller, the thread that made it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "executor/cuda_driver.hpp"
#include "executor/cuda_launch.hpp"
#include "executor/device.hpp"
#include "executor/loaded_library.hpp"
#include "executor/parameter_block.hpp"

namespace perftune {

class CudaDevice;

// A loaded kernel with its parameters for the tensors loaded now. Valid until the device's next
// load, and not beyond the device; several may exist at once.
class PreparedCudaKernel {
 public:
  PreparedCudaKernel(PreparedCudaKernel&& other) noexcept;
  PreparedCudaKernel& operator=(PreparedCudaKernel&&) = delete;
  ~PreparedCudaKernel();

  // Puts one launch on the set of tensors whose turn it is into the stream (the device's own, unless one is
  // given: for capturing a graph); returns at once, with what the driver refuses.
  std::optional<Failure> enqueue(cuda::Stream stream = nullptr);

  // As PreparedKernel's (cpu_device.hpp).
  std::optional<std::string> workspace_violation() const;

 private:
  friend class CudaDevice;
  explicit PreparedCudaKernel(CudaDevice& device) : device_(&device) {}

  CudaDevice* device_;
  cuda::Module module_ = nullptr;
  cuda::Function function_ = nullptr;
  std::optional<LoadedLibrary> host_;       // instead of a module: a vendor's routine
  cuda::HostCall host_call_ = nullptr;
  cuda::Pointer workspace_ = 0;  // allocation, guards included
  std::int64_t workspace_bytes_ = 0;
  std::int64_t workspace_zeroed_ = 0;
  Launch launch_;
  std::vector<ParameterBlock> parameters_;  // by turn
};

class CudaDevice final : public Device {
 public:
  // `driver` outlives the device and everything prepared on it. Throws Error{unavailable} when
  // device number `ordinal` cannot be used.
  CudaDevice(const cuda::Driver& driver, int ordinal, Hardware hardware);
  ~CudaDevice() override;
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  const Hardware& hardware() const override { return hardware_; }
  // Throws Error{unavailable} when the device has no room for the tensors.
  void load(const Operator& op, std::span<const std::span<const std::byte>> inputs) override;
  std::optional<Failure> launch(const CompiledKernel& kernel, const Launch& launch) override;
  void read(int slot, std::span<std::byte> into) override;
  std::optional<std::string> guard_violation() const override;

  std::optional<PreparedCudaKernel> prepare(const CompiledKernel& kernel, const Launch& launch,
                                            Failure& failure);
  void poison_outputs();

  // Copies the loaded tensors until all sets together are larger than `bytes`, so that launches that take
  // turns over them find nothing in a cache of half that. Returns the number of sets; 1, when that many do not
  // fit the device or would be more than kMostSets. Everything but enqueue, address and turn is about set 0.
  std::size_t rotate(std::size_t bytes);
  static constexpr std::size_t kMostSets = 4096;
  std::size_t set_bytes() const;  // of one set, with what keeps tensors aligned
  std::size_t sets() const { return 1 + copies_.size(); }
  void take_turn(std::size_t turn) { turn_ = turn % sets(); }
  std::size_t turn() const { return turn_; }

  cuda::Pointer address(int slot) const { return address(slot, turn_); }
  std::optional<Failure> wait();  // for everything in the stream

  bool usable() const { return usable_; }
  const cuda::Driver& driver() const { return driver_; }
  cuda::Context context() const { return context_; }

  // What a result of the driver means for the kernel that ran; nullopt for success. Throws
  // Error{unavailable} for a lost device.
  std::optional<Failure> failure_of(cuda::Result result, const char* doing);

 private:
  friend class PreparedCudaKernel;
  struct Buffer {
    cuda::Pointer allocation = 0;
    std::size_t bytes = 0;
    cuda::Pointer data() const;
  };

  void check(cuda::Result result, const char* doing) const;  // throws Error{unavailable}
  cuda::Pointer allocate_guarded(std::size_t bytes, cuda::Result& result) const;
  bool guards_intact(cuda::Pointer allocation, std::size_t bytes) const;
  void free_tensors();
  cuda::Pointer address(int slot, std::size_t turn) const;

  const cuda::Driver& driver_;
  cuda::DeviceNumber number_ = 0;
  cuda::Context context_ = nullptr;
  Hardware hardware_;
  Operator op_;
  std::vector<Buffer> buffers_;  // by tensor; intermediates have none
  cuda::Pointer arena_ = 0;      // all copies, one after the other
  std::vector<cuda::Pointer> copies_;
  std::size_t turn_ = 0;
  bool usable_ = true;
};

}  // namespace perftune
