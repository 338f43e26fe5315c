#include "costmodel/features.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace perftune {
namespace {

constexpr std::array<std::string_view, 25> kNames = {
    // Shares of the predicted time: which stage bounds, and what does not overlap.
    "dram_share", "l2_share", "shared_share", "issue_share", "math_share", "latency_share",
    "launch_share", "prologue_share", "sync_share", "epilogue_share", "reduction_share",
    "tail_share",
    // Parallelism.
    "occupancy", "log_waves", "wave_fraction", "log_split_k",
    // Intensities against the machine's balance.
    "log_intensity", "log_l2_reuse", "log_overfetch",
    // Resources as fractions of limits.
    "register_share", "shared_memory_share", "spills",
    // The tile.
    "log_tile_aspect", "log_warp_tile", "log_stages",
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
          p.occupancy,
          std::clamp(std::log2(waves), -6.0, 8.0),
          waves - std::floor(waves),
          std::log2(std::max(1.0, knob("split_k"))),
          std::clamp(log_ratio(op.intensity(), machine_balance(op, hardware)), -8.0, 8.0),
          std::clamp(log_ratio(p.l2_bytes, p.dram_bytes), -2.0, 10.0),
          std::clamp(log_ratio(p.dram_bytes, op.compulsory_bytes()), -4.0, 6.0),
          resources.registers / registers,
          static_cast<double>(resources.shared_bytes) / shared,
          resources.spill_bytes > 0 ? 1.0 : 0.0,
          std::clamp(log_ratio(knob("block_m"), knob("block_n")), -6.0, 6.0),
          std::log2(warp_tile) / 4,
          std::log2(std::max(1.0, knob("stages")))};
}

}  // namespace perftune
