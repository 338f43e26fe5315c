// Emits, runs and checks tile programs of the reduction and row families against the oracle.
#pragma once

#include <string>
#include <vector>

#include "codegen/emitter.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune::testing {

Operator operator_of(const std::string& yaml);

// A CPU that kernels can be emitted for; `isa` is one that runs here.
Hardware row_test_cpu(const std::string& isa);
bool isa_runs_here(const std::string& isa);

// Empty when the kernel is right on this CPU, else what is wrong with it.
std::string verify_on_cpu(const Emitter& emitter, const Operator& op, const TileProgram& program,
                          const Hardware& hardware, std::uint64_t seed = 7);

// What the kernel makes of one f32 input: its first output. Empty when it does not compile or run.
std::vector<float> run_on_cpu(const Emitter& emitter, const Operator& op, const TileProgram& program,
                              const Hardware& hardware, const std::vector<float>& input);

// The same in the emulator, at the operator's own shape.
std::string verify_emulated(const Emitter& emitter, const Operator& op, const TileProgram& program,
                            const std::string& gpu, std::uint64_t seed = 7);

}  // namespace perftune::testing
