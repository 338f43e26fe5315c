// Runs tile programs of every family against the oracle: on this CPU, and in the emulator. Binaries are
// kept by source text, since one text serves every shape.
#pragma once

#include <cstdint>
#include <string>

#include "codegen/tile_program.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"
#include "tuner/slices.hpp"

namespace perftune::testing {

// Every family that this build knows.
const Slices& all_slices();

// This processor as far as kernels must know it: the widest instruction set that runs here.
const Hardware& this_cpu();

// Emits, compiles (once per text), binds at op's extents, runs and compares; empty when right.
std::string verify_on_cpu(const Operator& op, const TileProgram& program, std::uint64_t seed = 1);
std::string verify_emulated(const Operator& op, const TileProgram& program, const Hardware& gpu,
                            std::uint64_t seed = 1);

}  // namespace perftune::testing
