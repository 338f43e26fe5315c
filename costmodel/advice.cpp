#include "costmodel/advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace perftune {
namespace {

struct Change {
  const char* what;
  PipelineProgram program;
  ContractionWork work;
};

// Changes a constructor could make to tiles, with shared memory scaled as they would.
std::vector<Change> changes(const ContractionWork& work, const PipelineProgram& program) {
  std::vector<Change> list;
  const auto add = [&](const char* what, auto edit) {
    Change change{what, program, work};
    edit(change);
    list.push_back(std::move(change));
  };
  const int stages = std::max(1, program.tiles.stages);
  add("one more stage", [&](Change& c) {
    ++c.program.tiles.stages;
    c.program.shared_bytes = c.program.shared_bytes * (stages + 1) / stages;
  });
  add("split k in two", [](Change& c) { c.program.tiles.split_k *= 2; });
  if (program.tiles.split_k > 1) add("half the k splits", [](Change& c) { c.program.tiles.split_k /= 2; });
  add("twice the raster group", [](Change& c) { c.program.tiles.raster *= 2; });
  add("deeper k step", [](Change& c) {
    c.program.tiles.block_k *= 2;
    c.program.shared_bytes *= 2;
  });
  add("fewer registers for one more block per SM", [](Change& c) {
    c.program.registers = c.program.registers * 3 / 4;
  });
  if (work.a.sector_factor > 1 || work.b.sector_factor > 1)
    add("operands aligned to 32-byte sectors", [](Change& c) {
      c.work.a.sector_factor = 1;
      c.work.b.sector_factor = 1;
    });
  return list;
}

}  // namespace

std::string advise(const ContractionWork& work, const PipelineProgram& program,
                   const Hardware& hardware, const LaunchContext& context,
                   const GpuParameters& parameters, const PipelineTime& now) {
  const char* best = nullptr;
  double best_us = now.total_us * 0.99;
  for (const Change& change : changes(work, program)) {
    const PipelineTime then =
        contraction_time(change.work, change.program, hardware, context, parameters);
    if (then.blocks_per_sm == 0 || then.total_us >= best_us) continue;
    best = change.what;
    best_us = then.total_us;
  }
  // Work lost to padding and to the last wave is the shape's: no knob above shows it.
  const double whole_waves = now.total_us - now.tail_us;
  if (now.waves > 1 && whole_waves < best_us)
    return fmt::format("a grid of whole waves: {:.2f} us (-{:.0f} %)", whole_waves,
                       100 * (1 - whole_waves / now.total_us));
  if (best == nullptr) return "no single change gains 1 %";
  return fmt::format("{}: {:.2f} us (-{:.0f} %)", best, best_us, 100 * (1 - best_us / now.total_us));
}

}  // namespace perftune
