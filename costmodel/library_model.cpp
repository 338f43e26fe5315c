#include "costmodel/library_model.hpp"

#include <algorithm>
#include <cmath>

#include "codegen/contraction.hpp"
#include "costmodel/contraction_gpu.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

// Half width of the 90 % interval on the reference measurements of four GPUs (docs/model.md).
constexpr double kRelativeError = 0.2;

constexpr int kSplits[] = {2, 3, 4, 6, 8, 12, 16, 24, 32};

// Splits worth a look: more than one only while the grid leaves SMs idle and k is long. Batched calls
// are not split: their traces hold no reduction.
bool sensible_split(const ContractionWork& w, const ContractionTiles& t, int split, const Hardware& hw) {
  if (w.batch > 1) return false;
  const double tiles = std::ceil(w.m / t.block_m) * std::ceil(w.n / t.block_n) * w.batch;
  return tiles * split <= 4.0 * hw.sms && w.k / split >= 2.0 * t.block_k;
}

}  // namespace

LaunchContext library_context() {
  LaunchContext context;
  context.graph = true;
  context.a_rotation = 1;
  context.b_rotation = 6;
  return context;
}

LibraryTime library_time(const ContractionWork& work, std::span<const PipelineProgram> programs,
                         const Hardware& hardware, const LaunchContext& context,
                         const GpuParameters& parameters) {
  LibraryTime best;
  const auto consider = [&](const PipelineProgram& program) {
    const PipelineTime time = contraction_time(work, program, hardware, context, parameters);
    if (time.blocks_per_sm == 0) return;
    if (best.time.blocks_per_sm == 0 || time.total_us < best.time.total_us) best = {time, program};
  };
  for (const PipelineProgram& program : programs) {
    if (program.tiles.block_m == 1 && work.m > 1) continue;  // matrix times vector
    consider(program);
    for (const int split : kSplits) {
      if (!sensible_split(work, program.tiles, split, hardware)) continue;
      PipelineProgram with_split = program;
      with_split.reduces_in_second_kernel = true;
      with_split.tiles.split_k = split;
      consider(with_split);
    }
  }
  return best;
}

LibraryPrediction predict_library(const Operator& op, const Hardware& hardware) {
  const Canonicalised canonical = canonicalise_contraction(op);
  if (!canonical.form)
    throw Error(ErrorKind::usage, "the library model takes contractions only: " + canonical.why_not);
  ContractionTiles whole;  // libraries want aligned operands: sectors are full for any tile
  whole.block_m = whole.block_n = whole.block_k = 64;
  const ContractionWork work = contraction_work(op, *canonical.form, whole);
  const LibraryTime best = library_time(work, library_programs(work, hardware), hardware,
                                        library_context(), {});
  if (best.time.blocks_per_sm == 0)
    throw Error(ErrorKind::usage, "no library program for these types on " + hardware.name);
  const char* target = best.program.instruction == InstructionClass::simt  ? "cuda/simt"
                       : best.program.instruction == InstructionClass::mma ? "cuda/mma"
                                                                           : "cuda/wgmma";
  return {to_prediction(best.time, kRelativeError), best.program.tiles.to_program(target).text()};
}

}  // namespace perftune
