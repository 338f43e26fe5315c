// Runs a few lines of device code in the emulator, on one input and one output of i32 elements.
//
// The body sees `in`, `out`, `work` (const i32*, i32*, u32*) and the whole vocabulary. Each
// distinct kernel is compiled once; a compiler that is missing fails the test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "executor/emulated_device.hpp"

namespace perftune::testing {

struct MicroKernel {
  std::string body;
  std::vector<std::int32_t> input = std::vector<std::int32_t>(64, 0);
  int outputs = 64;  // elements
  int threads = 64;
  int blocks = 1;
  int cluster = 1;
  int shared_bytes = 4096;
  int workspace_bytes = 0;
  int workspace_zeroed = 0;
  int arch = 800;                 // PT_ARCH
  std::string includes{};         // further headers, one #include per line
  std::string prelude{};          // declarations before the kernel
  std::vector<TensorMap> maps{};  // named map0, map1, ...; tensor 0 is `in`, 1 is `out`
  emulation::BankConflicts* conflicts = nullptr;
  std::uint64_t max_steps = 1'000'000;
};

struct MicroResult {
  std::optional<Failure> failure;
  std::vector<std::int32_t> output;
  double compile_seconds = 0;
  double run_seconds = 0;
};

// The complete source, which NVRTC takes as well.
Kernel emit(const MicroKernel& kernel);

MicroResult run(const MicroKernel& kernel);

// The failure's text; "" when the kernel passed.
std::string defect_of(const MicroKernel& kernel);

}  // namespace perftune::testing
