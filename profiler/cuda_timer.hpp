// Times kernels on a present GPU, cold (the GPU default: L2 flushed by writing twice its size before
// each sample), rotating (cold without a flush: launches take turns over copies of the tensors that are together
// larger than twice L2, as in a program that streams; many launches make up a sample) or warm. Where copies
// cannot be that large, or one launch's tensors already are, a rotating policy flushes or needs no turns.
//
// The clock is the GPU's own record of each kernel (ActivityClock) where there is one, else CUDA
// events, which bracket launches in the stream: their time includes what the device needs between two
// launches (about a microsecond; Hardware::launch_us_stream). clock() says which it was. Under events and a
// warm policy, kernels shorter than a launch are repeated by a CUDA graph, so that the device does not
// wait for the host between them.
//
// Call order: as CpuTimer. A kernel that fails on any repeat ends the measurement with its Failure.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "db/outcome.hpp"
#include "executor/activity_clock.hpp"
#include "executor/cuda_device.hpp"
#include "profiler/stopping.hpp"

namespace perftune {

// Puts the work that is timed into the stream, once: a kernel of ours, or what a vendor's library does
// for one call. nullopt, or why it could not. The stream is the device's own (nullptr), or one that is
// being captured.
using GpuWork = std::function<std::optional<Failure>(cuda::Stream)>;

class CudaTimer {
 public:
  // Throws Error{unavailable} when the device has no room for the buffer that flushes its L2.
  // `clock` may be nullptr: events.
  CudaTimer(CudaDevice& device, const Policy& policy, ActivityClock* clock = nullptr);
  ~CudaTimer();
  CudaTimer(const CudaTimer&) = delete;
  CudaTimer& operator=(const CudaTimer&) = delete;

  // What makes up one sample.
  struct Batch {
    int launches = 0;
    int kernels = 1;  // of one launch
    std::shared_ptr<cuda::GraphRun> graph;  // holds all launches of a sample; nullptr: launched one by one
  };

  // Runs the work for Policy::warmup_ms; no launches on failure.
  Batch batch(const GpuWork& work, std::optional<Failure>& failure);

  // The same without a warm-up, for a rough look: one launch per sample.
  Batch batch_now(const GpuWork& work, std::optional<Failure>& failure);

  // Microseconds per launch of one sample; 0 on failure, NaN when the clock lost a record of it.
  double sample_us(const GpuWork& work, Batch batch, std::optional<Failure>& failure);

  // Warm-up, then samples until the stopping rule has enough or the kernel fails.
  StoppingRule screen(const GpuWork& work, std::optional<Failure>& failure);

  // Microseconds from the host's launch to its seeing the end, the median of a few warm launches: what
  // a caller pays who waits for each. 0 on failure.
  double launch_us(const GpuWork& work, std::optional<Failure>& failure);

  // Bytes that tensors in rotation must exceed under `policy`; 0: it does not rotate.
  static std::size_t rotation_bytes(const Policy& policy, const Hardware& hardware);

  bool takes_turns() const { return turns_; }

  const char* clock() const { return clock_ != nullptr ? "cupti" : "event"; }

 private:
  std::shared_ptr<cuda::GraphRun> capture(const GpuWork& work, int launches);
  void next_turn();
  bool put_all(const GpuWork& work, int times, std::optional<Failure>& failure);

  CudaDevice& device_;
  Policy policy_;
  ActivityClock* clock_;  // nullptr once it has missed a kernel
  cuda::Event start_ = nullptr;
  cuda::Event stop_ = nullptr;
  bool turns_ = false;       // launches rotate over the device's sets, or their tensors exceed L2 anyway
  std::size_t turn_ = 0;
  cuda::Pointer flush_ = 0;  // 0 under a warm policy and where launches take turns
  std::size_t flush_bytes_ = 0;
};

}  // namespace perftune
