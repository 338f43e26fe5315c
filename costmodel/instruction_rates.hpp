// Cycles that one block's k step costs an SM in arithmetic, shared memory and issue slots, for
// each instruction class. The inner loops are those of codegen/cuda; NVIDIA's are alike.
//
// Pure; thread-safe. Part of contraction_pipeline.hpp, apart so that it can be tested alone.
#pragma once

#include "costmodel/contraction_pipeline.hpp"

namespace perftune {

struct InstructionRates {
  double clock_ghz = 1;      // the clock that all cycles below are counted in
  double math_cycles = 0;    // per block and k step, on the FMA or tensor pipe
  double shared_cycles = 0;  // shared memory wavefronts, both directions
  double issue_cycles = 0;   // issue slots over four schedulers
  double chain_cycles = 0;   // dependent tensor instructions of one warp
  double sync_cycles = 0;    // barrier and fragment latency, serial within a block
};

InstructionRates instruction_rates(const ContractionWork& work, const PipelineProgram& program,
                                   const Hardware& hardware, const GpuParameters& parameters);

}  // namespace perftune
