// What the model expects of one candidate, and why.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/kernel.hpp"
#include "codegen/tile_program.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// One stage of the pipeline, as the time the whole kernel would take if it were alone.
struct StageTime {
  std::string stage;   // "dram", "l2", "shared", "issue", "math", "launch", "prologue", "tail", ...
  double us = 0;
  bool overlapped = true;  // false: adds to the total instead of hiding behind the slowest
};

struct Prediction {
  double us = 0;            // the estimate
  double low_us = 0;        // 90 % interval
  double high_us = 0;
  std::string limiter;      // name of the stage that sets the time
  std::vector<StageTime> breakdown;
  double occupancy = 0;     // resident warps over the maximum (GPU); 1 on a CPU
  double waves = 0;         // blocks over blocks resident at once
  double dram_bytes = 0;    // modelled traffic
  double l2_bytes = 0;
  double clock_ghz = 0;     // assumed, within the board's power limit; 0: not part of the model
  double peak_tflops = 0;   // of the pipe that multiplies, by the datasheet; 0: no contraction
  double padding = 1;       // computed over useful work
  std::string advice;       // what would help most, one line
};

// A white-box model of one (family, target). Pure; thread-safe.
class KernelModel {
 public:
  virtual ~KernelModel() = default;
  virtual std::string_view family() const = 0;
  virtual std::string_view target() const = 0;

  // One prediction per program, all legal for `op`. `resources` are the emitter's estimates or
  // the compiler's facts, one per program.
  virtual std::vector<Prediction> predict(const Operator& op, const Hardware& hardware,
                                          std::span<const TileProgram> programs,
                                          std::span<const Resources> resources) const = 0;
};

}  // namespace perftune
