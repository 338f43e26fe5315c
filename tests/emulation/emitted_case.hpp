// Emitted tile programs as test cases: run in the emulator, checked against the oracle.
//
// The same cases serve two tests: each must be right with the real device headers, and each planted
// defect of mutations.py must make at least one of them wrong.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "codegen/contraction_tiles.hpp"
#include "codegen/emitter.hpp"
#include "codegen/kernel.hpp"

namespace perftune::testing {

struct EmittedCase {
  std::string name;
  std::string yaml;  // an operator file
  const Emitter* emitter;
  ContractionTiles tiles;
  std::string gpu = "a100";
  double most_wavefronts = 0;  // of shared memory, over those without conflicts; 0: not counted
};
inline void PrintTo(const EmittedCase& c, std::ostream* out) { *out << c.name; }

std::vector<EmittedCase> simt_cases();
std::vector<EmittedCase> mma_cases();
std::vector<EmittedCase> wgmma_cases();

struct Verdict {
  std::string wrong;     // empty: the kernel is right
  bool compiled = true;  // false: `wrong` is the compiler's
};

// Emits the case's own operator, compiles it against `headers` and runs it.
Verdict verify_emitted(const EmittedCase& c, std::span<const DeviceHeader> headers);

}  // namespace perftune::testing
