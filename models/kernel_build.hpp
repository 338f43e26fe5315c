// Compiles the kernels of a model for this CPU, each text once, several at a time, and binds them to memory.
//
// Call order: want*, compile_all, bind*.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codegen/cpu/device/pool.hpp"
#include "codegen/emitter_registry.hpp"
#include "executor/host_compiler.hpp"
#include "executor/loaded_library.hpp"

namespace perftune {

// A kernel with its parameters; calling it costs one indirect call.
class BoundCall {
 public:
  using Entry = void (*)(const void* parameters, const PerftunePool* pool);
  BoundCall(std::shared_ptr<const LoadedLibrary> library, Entry entry, std::vector<std::uint64_t> parameters)
      : library_(std::move(library)), entry_(entry), parameters_(std::move(parameters)) {}
  void run(const PerftunePool* pool) const { entry_(parameters_.data(), pool); }

 private:
  std::shared_ptr<const LoadedLibrary> library_;
  Entry entry_;
  std::vector<std::uint64_t> parameters_;
};

// Where compiled kernels outlive the process. One thread at a time.
class BinaryCache {
 public:
  struct Made {
    const Kernel* kernel;
    const std::string* binary;
  };
  virtual ~BinaryCache() = default;
  // A shared object of exactly this source, made by this compiler with these flags; empty: compile it.
  virtual std::string find(const Kernel& kernel) = 0;
  virtual void keep(std::span<const Made> made) = 0;
};

class KernelBuild {
 public:
  // `cache` may be null.
  KernelBuild(const Hardware& hardware, const EmitterRegistry& emitters, const HostCompiler& compiler, BinaryCache* cache)
      : hardware_(hardware), emitters_(emitters), compiler_(compiler), cache_(cache) {}

  std::size_t want(const Operator& op, const TileProgram& program);  // a handle
  // Takes from the cache what it has and compiles the others. Throws Error{no_candidate} when one does not
  // compile or load.
  void compile_all(int at_a_time);
  std::size_t workspace_bytes() const { return workspace_; }  // one workspace serves all, in turn
  const Operator& op(std::size_t handle) const { return wanted_.at(handle).op; }
  // `tensors`: memory by the names of the operator's tensors.
  BoundCall bind(std::size_t handle, const std::map<std::string, std::byte*>& tensors, std::byte* workspace) const;

 private:
  struct Wanted {
    Operator op;
    Kernel kernel;
    Launch launch;
  };
  const Hardware& hardware_;
  const EmitterRegistry& emitters_;
  const HostCompiler& compiler_;
  BinaryCache* cache_;
  std::vector<Wanted> wanted_;
  std::map<std::string, std::shared_ptr<const LoadedLibrary>> libraries_;  // by source
  std::size_t workspace_ = 0;
};

}  // namespace perftune
