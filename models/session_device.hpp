// Where the kernels of a session run: this CPU, or a GPU that holds a copy of the session's memory.
//
// A session thinks in host addresses only. A GPU mirrors the ranges that are mapped: its kernels are
// bound to the device's copies, and what runs on the host in between is copied back and forth by
// to_host and to_device. On a CPU both are the same memory.
//
// Call order: want*, compile_all, map*, bind*, sequence*; then run calls, copy, finish.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "codegen/emitter_registry.hpp"
#include "executor/host_compiler.hpp"
#include "executor/nvrtc.hpp"

namespace perftune {

// One kernel, or several in a row, on their memory. Done when run returns on a CPU, at the next
// finish() or to_host() on a GPU. Throws Error{no_candidate} when the device refuses it.
class KernelCall {
 public:
  virtual ~KernelCall() = default;
  virtual void run() const = 0;
};

class SessionDevice {
 public:
  virtual ~SessionDevice() = default;

  virtual std::size_t want(const Operator& op, const TileProgram& program) = 0;  // a handle
  virtual const Operator& op(std::size_t handle) const = 0;
  // Throws Error{no_candidate} when a kernel does not compile or load.
  virtual void compile_all() = 0;

  // Kernels may be bound to addresses in it from now on; its contents are copied. Throws
  // Error{unavailable} when the device has no room.
  virtual void map(std::span<std::byte> host) = 0;
  virtual void to_device(std::span<const std::byte> host) = 0;
  virtual void to_host(std::span<std::byte> host) = 0;

  // `tensors`: mapped host memory by the names of the operator's tensors.
  virtual std::unique_ptr<KernelCall> bind(std::size_t handle, const std::map<std::string, std::byte*>& tensors) = 0;
  // Calls of this device in order as one (a CUDA graph); nullptr: nothing is gained by it.
  virtual std::unique_ptr<KernelCall> sequence(std::span<KernelCall* const> calls) = 0;
  // Everything that was run has ended. Throws Error{no_candidate} for what went wrong meanwhile.
  virtual void finish() = 0;
};

class BinaryCache;

// `threads` of this CPU, one of them the calling one. `cache` is asked before kernels are compiled; may be
// null. The references outlive the device.
std::unique_ptr<SessionDevice> cpu_session_device(const Hardware& hardware, const EmitterRegistry& emitters,
                                                  const HostCompiler& compiler, int threads, BinaryCache* cache = nullptr);

// CUDA device `ordinal`, which is `hardware`. Throws Error{unavailable} when it cannot be used.
std::unique_ptr<SessionDevice> cuda_session_device(const Hardware& hardware, const EmitterRegistry& emitters,
                                                   Nvrtc nvrtc, std::span<const std::string> driver_folders, int ordinal);

}  // namespace perftune
