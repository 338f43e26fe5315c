// The state of the fake driver, shared by the files that export its libraries' functions. One thread,
// as far as tests go.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "executor/cuda_driver.hpp"
#include "executor/emulation/grid_run.hpp"
#include "executor/loaded_library.hpp"
#include "registry.hpp"

namespace fake {

using namespace perftune;  // NOLINT: only the fake includes this
using cuda::Result;

constexpr Result kSuccess = 0, kInvalidValue = 1, kOutOfMemory = 2, kNoDevice = 100,
                 kInvalidDevice = 101, kInvalidImage = 200, kNotFound = 500, kIllegalAddress = 700,
                 kLaunchFailed = 719, kInvalidClusterSize = 912, kUnknown = 999;

// The emulator keeps a shadow of what kernels may touch. Nothing that tests run is so large but the buffer
// that a timer flushes caches with.
constexpr std::size_t kUntouchedBytes = std::size_t{64} << 20;

struct Module {
  LoadedLibrary library;
};
struct Function {
  Module* module;
  std::string name;
  int max_dynamic_shared = 48 << 10;
};
struct Event {
  std::chrono::steady_clock::time_point at;
};

struct State {
  FakeDevice device;
  std::string folder;
  int launches = 0;
  int modules = 0;
  Result sticky = kSuccess;
  std::int64_t allocated = 0;
  std::map<cuda::Pointer, std::unique_ptr<std::byte[]>> memory;
  std::map<cuda::Pointer, std::size_t> sizes;
  std::map<std::pair<Module*, std::string>, std::unique_ptr<Function>> functions;
  emulation::Fibers fibers;
};

State& state();
void restart();        // what cuInit does: a new driver finds a new device
std::string folder();  // $PERFTUNE_FAKE_CUDA, else the one that this library lies in
FakeDevice read_device(const std::string& from);

// The module of an image: registered for its hash, or the image itself when it is an emulated build.
Result load_module(const void* image, Module*& loaded);

Result run(Function* function, const Launch& launch, void** params);
// Whether so many bytes lie in one allocation.
bool inside(cuda::Pointer at, std::size_t bytes);

// What a vendor's library runs as one kernel, recorded like ours: by the time that it took, or as one that
// took `told`. `work` false: it left its tensors, an illegal address that the next call tells.
Result run_vendor(const std::function<bool()>& work, std::optional<std::chrono::microseconds> told);

// A kernel that ran, for the fake of CUPTI.
void note_kernel(std::chrono::steady_clock::time_point start, std::chrono::steady_clock::time_point end);

inline Result guarded() { return state().sticky; }

}  // namespace fake

#define EXPORT extern "C" __attribute__((visibility("default")))
