#include "costmodel/features.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace perftune {
namespace {

constexpr std::array<std::string_view, 47> kNames = {
    // Shares of the predicted time: which stage bounds, and what does not overlap.
    "dram_share", "l2_share", "shared_share", "issue_share", "math_share", "latency_share",
    "launch_share", "prologue_share", "sync_share", "epilogue_share", "reduction_share",
    "tail_share", "cpu_memory_share", "packing_share", "tiles_share", "rows_share", "threads_share",
    // Parallelism.
    "occupancy", "log_waves", "wave_fraction", "log_split_k",
    // Intensities against the machine's balance.
    "log_intensity", "log_l2_reuse", "log_overfetch", "log_launches",
    // Resources as fractions of limits.
    "register_share", "shared_memory_share", "spills",
    // The tile.
    "log_tile_aspect", "log_warp_tile", "log_stages", "log_register_rows", "log_register_columns",
    "log_depth", "log_unroll", "log_side_by_side", "log_tasks",
    // Which way of computing it is.
    "packs_a", "packs_b", "rows_inner", "prefetches", "streams", "keeps", "other_lanes", "thin_form",
    "is_row", "is_map",
};

double log_ratio(double a, double b) { return a > 0 && b > 0 ? std::log2(a / b) : 0; }

double stage_share(const Prediction& p, std::string_view name) {
  for (const StageTime& stage : p.breakdown)
    if (stage.stage == name) return p.us > 0 ? std::clamp(stage.us / p.us, 0.0, 1.5) : 0;
  return 0;
}

double machine_balance(const Operator& op, const Hardware& hw) {
  double peak = std::max(hw.peak_tflops(op.accumulate, Pipe::scalar), 1e-3);
  for (const Tensor& tensor : op.tensors)
    peak = std::max(peak, hw.peak_tflops(tensor.type, Pipe::tensor));
  return peak * 1e3 / std::max(1.0, hw.dram_ceiling_gbps());
}

}  // namespace

std::span<const std::string_view> feature_names() { return kNames; }

std::vector<double> features(const Operator& op, const Hardware& hardware,
                             const TileProgram& program, const Resources& resources,
                             const Prediction& p) {
  const auto knob = [&](std::string_view name) {
    return static_cast<double>(program.get(name, 1));
  };
  const double warp_tile = std::max(1.0, knob("warp_m") * knob("warp_n"));
  const double waves = std::max(1e-3, p.waves);
  const double registers = std::max(1, hardware.sm.max_registers_per_thread);
  const double shared = std::max(1, hardware.sm.shared_bytes);
  const auto log_knob = [&](double value) { return std::clamp(std::log2(std::max(1.0, value)), 0.0, 12.0); };
  const auto is = [](bool yes) { return yes ? 1.0 : 0.0; };
  const double tasks = knob("threads_b") * knob("threads_m") * knob("threads_n") * knob("split_k") * knob("tasks");
  const double cpu_memory = hardware.kind != Hardware::Kind::cpu ? 0
                            : stage_share(p, "memory") + stage_share(p, "dram") + stage_share(p, "l3") +
                                  stage_share(p, "rereads");
  // Against what starting a kernel costs: long kernels and short ones err for different reasons.
  const double start_us = hardware.launch_us_stream > 0 ? hardware.launch_us_stream : 1;
  return {stage_share(p, "dram"),
          stage_share(p, "l2"),
          stage_share(p, "shared"),
          stage_share(p, "issue"),
          stage_share(p, "math"),
          stage_share(p, "load latency"),
          stage_share(p, "launch"),
          stage_share(p, "prologue"),
          stage_share(p, "step sync"),
          stage_share(p, "epilogue"),
          stage_share(p, "reduction"),
          stage_share(p, "tail"),
          cpu_memory,
          stage_share(p, "packing"),
          stage_share(p, "tiles"),
          stage_share(p, "rows"),
          stage_share(p, "threads"),
          p.occupancy,
          std::clamp(std::log2(waves), -6.0, 8.0),
          waves - std::floor(waves),
          std::log2(std::max(1.0, knob("split_k"))),
          std::clamp(log_ratio(op.intensity(), machine_balance(op, hardware)), -8.0, 8.0),
          std::clamp(log_ratio(p.l2_bytes, p.dram_bytes), -2.0, 10.0),
          std::clamp(log_ratio(p.dram_bytes, op.compulsory_bytes()), -4.0, 6.0),
          std::clamp(log_ratio(p.us, start_us), -4.0, 14.0),
          resources.registers / registers,
          static_cast<double>(resources.shared_bytes) / shared,
          resources.spill_bytes > 0 ? 1.0 : 0.0,
          std::clamp(log_ratio(knob("block_m"), knob("block_n")), -6.0, 6.0),
          std::log2(warp_tile) / 4,
          std::log2(std::max(1.0, knob("stages"))),
          log_knob(knob("register_m")),
          log_knob(knob("register_n")),
          log_knob(std::min(4096.0, knob("block_k"))),
          log_knob(knob("unroll")),
          log_knob(knob("tile") * knob("tile_x") * knob("tile_y")),
          log_knob(tasks),
          is(program.get("pack_a", 0) != 0),
          is(program.get("pack_b", 0) != 0),
          is(program.get("rows_inner", 1) != 0),
          is(program.get("prefetch", 0) != 0),
          is(program.get("stream", 0) != 0 || program.get("stream_c", 0) != 0),
          is(program.get("keep", 0) != 0),
          is(program.get("lanes", 0) != 0 || program.get("across", 0) != 0),
          is(program.get("form", 0) != 0),
          is(program.family == "row" || program.family == "reduction"),
          is(program.family == "map")};
}

}  // namespace perftune
