#include "costmodel/contraction_pipeline.hpp"

#include <algorithm>
#include <cmath>

#include "costmodel/instruction_rates.hpp"
#include "costmodel/occupancy.hpp"
#include "costmodel/wave_traffic.hpp"

namespace perftune {
namespace {

double ceil_div(double a, double b) { return std::ceil(a / b); }

// Everything about the launch that does not change from wave to wave.
struct Grid {
  double tiles_m, tiles_n, tiles;  // of the output, times batch
  double blocks;                   // times split_k
  double steps;                    // k steps per block
  double sms;
  int resident;                    // blocks per SM
};

Grid make_grid(const ContractionWork& w, const ContractionTiles& t, const Hardware& hw, int resident) {
  Grid g{};
  g.tiles_m = ceil_div(w.m, t.block_m);
  g.tiles_n = ceil_div(w.n, t.block_n);
  g.tiles = g.tiles_m * g.tiles_n * w.batch;
  g.sms = hw.sms;
  g.resident = resident;
  const double all_steps = ceil_div(w.k, t.block_k);
  if (t.stream_k != 0) {
    // Every resident block takes the same share of all k steps: no partial wave, but tiles that
    // two blocks share are added through the workspace.
    g.blocks = std::min(g.tiles * all_steps, g.sms * resident);
    g.steps = g.tiles * all_steps / g.blocks;
  } else {
    g.blocks = g.tiles * t.split_k;
    g.steps = ceil_div(all_steps, t.split_k);
  }
  return g;
}

// One k step while `per_sm` blocks are resident on each of `active_sms`: cycles of every stage.
struct Step {
  double math, shared, issue, dram, l2, latency, sync;
  double overlapped(double exponent) const {
    double sum = 0, top = std::max({math, shared, issue, dram, l2, latency});
    if (top <= 0) return 0;
    for (const double stage : {math, shared, issue, dram, l2, latency})
      sum += std::pow(stage / top, exponent);
    return top * std::pow(sum, 1 / exponent);
  }
};

struct Machine {
  double clock_ghz;
  double dram_bytes_per_cycle, l2_bytes_per_cycle;  // whole machine
  double dram_latency_cycles, l2_latency_cycles;
};

Machine machine_of(const Hardware& hw, const GpuParameters& p, double clock_ghz) {
  const MemoryPath path = memory_path(hw.compute_capability);
  Machine m{};
  m.clock_ghz = clock_ghz;
  const double dram_gbps = hw.measured_value("dram_gbps").value_or(hw.dram_gbps * p.dram_efficiency);
  const double l2_gbps = hw.measured_value("l2_gbps").value_or(
      hw.l2_gbps > 0 ? hw.l2_gbps : path.l2_bytes_per_clock_per_sm * hw.sms * hw.boost_ghz);
  m.dram_bytes_per_cycle = dram_gbps / clock_ghz;
  m.l2_bytes_per_cycle = l2_gbps / clock_ghz;
  m.dram_latency_cycles = path.dram_latency_ns * clock_ghz;
  m.l2_latency_cycles = path.l2_latency_ns * clock_ghz;
  return m;
}

// Bytes of one block's k step as L2 serves them; a cluster's multicast loads each panel once.
double step_l2_bytes(const ContractionWork& w, const ContractionTiles& t) {
  const double a = double(t.block_m) * t.block_k * w.a.element_bytes * w.a.sector_factor;
  const double b = double(t.block_n) * t.block_k * w.b.element_bytes * w.b.sector_factor;
  return a / t.cluster_n + b / t.cluster_m;
}

Step step_cycles(const ContractionWork& w, const PipelineProgram& program, const Machine& machine,
                 const InstructionRates& rates, const Grid& grid, double dram_share, double per_sm,
                 double active_blocks) {
  const ContractionTiles& t = program.tiles;
  Step step{};
  step.math = per_sm * rates.math_cycles;
  step.shared = per_sm * rates.shared_cycles;
  step.issue = per_sm * rates.issue_cycles;
  step.sync = rates.sync_cycles / std::max(1.0, per_sm);
  const double l2_bytes = step_l2_bytes(w, t);
  step.l2 = active_blocks * l2_bytes / machine.l2_bytes_per_cycle;
  step.dram = active_blocks * l2_bytes * dram_share / machine.dram_bytes_per_cycle;
  // Little's law: a block has `stages - 1` steps in flight, so a step cannot be shorter than the
  // latency of its loads over that number, however many bytes the bus could carry.
  const double in_flight = std::max(1, t.stages - 1);
  const double latency = machine.l2_latency_cycles +
                         std::min(1.0, dram_share * 4) *
                             (machine.dram_latency_cycles - machine.l2_latency_cycles);
  step.latency = latency / in_flight;
  (void)grid;
  return step;
}

}  // namespace

PipelineTime contraction_time(const ContractionWork& w, const PipelineProgram& program,
                              const Hardware& hw, const LaunchContext& context,
                              const GpuParameters& p) {
  PipelineTime out;
  const ContractionTiles& t = program.tiles;
  const Occupancy occ = occupancy(hw, t.threads(), program.registers, program.shared_bytes);
  out.blocks_per_sm = occ.blocks;
  out.occupancy = occ.fraction;
  if (occ.blocks == 0) return out;

  const Grid grid = make_grid(w, t, hw, occ.blocks);
  const InstructionRates rates = instruction_rates(w, program, hw, p);
  const Machine machine = machine_of(hw, p, rates.clock_ghz);
  const double us_per_cycle = 1e-3 / rates.clock_ghz;
  const double slots = grid.sms * occ.blocks;
  out.waves = grid.blocks / slots;
  const double useful = w.batch * w.m * w.n * w.k;
  out.padding = grid.tiles * t.block_m * t.block_n * ceil_div(w.k, t.block_k) * t.block_k / useful;

  // Traffic over the whole kernel.
  TrafficInput traffic_in{grid.tiles_m, grid.tiles_n, w.batch,
                          std::min(grid.blocks, slots) / std::max(1, t.split_k), double(t.raster),
                          w.a.unique_bytes / (grid.tiles_m * w.batch),
                          w.b.unique_bytes / (grid.tiles_n * w.batch),
                          w.c.unique_bytes + w.extra_bytes, hw.l2_mib * 1048576 * p.l2_usable};
  const double once = w.a.unique_bytes + w.b.unique_bytes + w.c.unique_bytes;
  WaveTraffic traffic = wave_traffic(traffic_in);
  const double a_warm = hit_share(once * context.a_rotation, traffic_in.l2_bytes);
  const double b_warm = hit_share(once * context.b_rotation, traffic_in.l2_bytes);
  traffic.a_bytes = std::max(0.0, traffic.a_bytes - a_warm * w.a.unique_bytes);
  traffic.b_bytes = std::max(0.0, traffic.b_bytes - b_warm * w.b.unique_bytes);
  const double loads_l2 = grid.blocks * grid.steps * step_l2_bytes(w, t);
  const double dram_share = (traffic.a_bytes + traffic.b_bytes) / std::max(1.0, loads_l2);
  out.dram_bytes = traffic.total();
  const double c_l2 = w.c.unique_bytes * w.c.sector_factor + w.extra_bytes;
  out.l2_bytes = loads_l2 + c_l2;

  // Ends of a block: its first loads, and its stores.
  const double fill_cycles = p.block_start_ns * rates.clock_ghz + machine.dram_latency_cycles;
  const double c_block_bytes = double(t.block_m) * t.block_n * w.c.element_bytes * w.c.sector_factor;
  const auto end_cycles = [&](double active) {
    const double bytes = active * c_block_bytes;
    return p.block_end_ns * rates.clock_ghz +
           std::max(bytes / machine.l2_bytes_per_cycle,
                    bytes * out.dram_bytes / std::max(1.0, out.dram_bytes + loads_l2) /
                        machine.dram_bytes_per_cycle);
  };

  // Waves: full ones with every SM holding `resident` blocks, and the last, partial one.
  const double full_waves = std::floor(grid.blocks / slots);
  const double left = grid.blocks - full_waves * slots;
  double cycles = 0, sync = 0, ends = 0, ideal = 0;
  const auto run_wave = [&](double count, double active) {
    if (count <= 0 || active <= 0) return;
    const double per_sm = ceil_div(active, grid.sms);
    const Step step = step_cycles(w, program, machine, rates, grid, dram_share, per_sm, active);
    const double body = grid.steps * step.overlapped(p.overlap_exponent);
    const double end = end_cycles(active);
    cycles += count * (body + grid.steps * step.sync);
    sync += count * grid.steps * step.sync;
    ends += count * end / per_sm;
    ideal += count * body * (active / (per_sm * grid.sms));
    out.math_us += count * grid.steps * step.math * us_per_cycle;
    out.shared_us += count * grid.steps * step.shared * us_per_cycle;
    out.issue_us += count * grid.steps * step.issue * us_per_cycle;
    out.latency_us += count * grid.steps * step.latency * us_per_cycle;
    out.l2_us += count * grid.steps * step.l2 * us_per_cycle;
    out.dram_us += count * grid.steps * step.dram * us_per_cycle;
    out.tail_us += count * body * (1 - active / (per_sm * grid.sms)) * us_per_cycle;
  };
  run_wave(full_waves, slots);
  run_wave(1, left);

  out.launch_us = context.launch_us >= 0 ? context.launch_us
                  : context.graph        ? hw.launch_us_graph
                                         : hw.launch_us_stream;
  out.fill_us = fill_cycles * us_per_cycle;
  out.epilogue_us = ends * us_per_cycle;
  out.sync_us = sync * us_per_cycle;
  const bool partial_sums = t.split_k > 1 || (t.stream_k != 0 && std::fmod(grid.blocks, grid.tiles) != 0);
  if (partial_sums) {
    // Each block writes its float partial tile and one block per tile reads them all back.
    const double partial = std::min(grid.blocks, t.stream_k != 0 ? slots : grid.blocks) *
                           t.block_m * t.block_n * 4.0;
    out.reduction_us = p.reduction_latency_us +
                       2 * partial / machine.l2_bytes_per_cycle * us_per_cycle;
    out.l2_bytes += 2 * partial;
  }
  const double body_us = cycles * us_per_cycle;
  // Stores that DRAM must take in the end bound the whole kernel as well.
  const double dram_all_us = out.dram_bytes / machine.dram_bytes_per_cycle * us_per_cycle;
  out.dram_us = std::max(out.dram_us, dram_all_us);
  out.total_us = out.launch_us + out.fill_us + out.epilogue_us + out.reduction_us +
                 std::max(body_us, dram_all_us);
  (void)ideal;
  return out;
}

}  // namespace perftune
