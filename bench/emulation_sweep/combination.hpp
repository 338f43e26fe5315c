// A random (shape, layout, type, target, program), drawn from a seed and run in the emulator.
#pragma once

#include <cstdint>
#include <string>

#include "tuner/slices.hpp"

namespace perftune::bench {

struct Combination {
  std::string yaml;     // the operator
  std::string gpu;
  TileProgram program;  // one that the target's constructor makes for it
  std::string text() const;  // one line
};

// The same for the same seed. Ragged and aligned extents, four layouts, batches, epilogues; half of
// the GPUs are Hoppers. `target`: only this one; empty: any.
Combination draw(std::uint64_t seed, const Slices& slices, const std::string& target = "");

// Empty when the kernel agrees with the oracle, else what is wrong.
std::string run(const Combination& combination, const Slices& slices);

}  // namespace perftune::bench
