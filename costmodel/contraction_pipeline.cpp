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
  double sms, slots;               // slots: blocks resident on the machine at once
  double streamed = 0;             // tiles that stream_k cuts over all slots; blocks are the slots then
  double tile_steps = 0;           // k steps of a whole tile
};

Grid make_grid(const ContractionWork& w, const ContractionTiles& t, const Hardware& hw, int resident) {
  Grid g{};
  g.tiles_m = ceil_div(w.m, t.block_m);
  g.tiles_n = ceil_div(w.n, t.block_n);
  g.tiles = g.tiles_m * g.tiles_n * w.batch;
  g.sms = hw.sms;
  g.slots = g.sms * resident;
  g.tile_steps = ceil_div(w.k, t.block_k);
  if (t.stream_k != 0) {
    // Every slot computes as much: whole tiles, then its share of those of the last, partial wave and
    // of the one before it.
    g.blocks = std::min(g.tiles * g.tile_steps, g.slots);
    g.steps = g.tiles * g.tile_steps / g.blocks;
    const double waves = std::floor(g.tiles / g.slots);
    g.streamed = g.tiles - (std::fmod(g.tiles, g.slots) == 0 ? waves : std::max(0.0, waves - 1)) * g.slots;
  } else {
    g.blocks = g.tiles * t.split_k;
    g.steps = ceil_div(g.tile_steps, t.split_k);
  }
  return g;
}

struct Machine {
  double dram_gbps, l2_gbps;
  double dram_latency_ns, l2_latency_ns;
  double write_cost;
  double block_start_cycles;
  double store_gbps_per_ghz;            // of all SMs together
  double l2_full_bytes, l2_none_bytes;  // of hit_share
};

struct Shares {
  double dram, l2;
};

Shares shares_of(InstructionClass instruction, const GpuParameters& p) {
  switch (instruction) {
    case InstructionClass::simt: return {p.dram_share_simt, p.l2_share_simt};
    case InstructionClass::mma: return {p.dram_share_mma, p.l2_share_mma};
    case InstructionClass::wgmma: break;
  }
  return {p.dram_share_wgmma, p.l2_share_wgmma};
}

Machine machine_of(const Hardware& hw, const GpuParameters& p, InstructionClass instruction) {
  const MemoryPath path = memory_path(hw.compute_capability);
  Machine m{};
  const Shares shares = shares_of(instruction, p);
  m.dram_gbps = hw.dram_gbps * (path.gddr ? p.dram_share_gddr : shares.dram);
  if (const auto measured = hw.measured_value("dram_gbps")) m.dram_gbps = std::min(m.dram_gbps, *measured);
  const double l2_gbps = hw.l2_gbps > 0 ? hw.l2_gbps : path.l2_bytes_per_clock_per_sm * hw.sms * hw.boost_ghz;
  m.l2_gbps = hw.measured_value("l2_gbps").value_or(l2_gbps) * shares.l2;
  m.dram_latency_ns = path.dram_latency_ns;
  m.l2_latency_ns = path.l2_latency_ns;
  m.block_start_cycles = p.block_start_cycles + (instruction == InstructionClass::wgmma ? p.tma_start_cycles : 0);
  m.store_gbps_per_ghz = hw.sms * (instruction == InstructionClass::simt  ? p.store_bytes_simt
                                   : instruction == InstructionClass::mma ? p.store_bytes_mma
                                                                          : p.store_bytes_wgmma);
  m.write_cost = path.gddr ? p.gddr_write_cost : p.hbm_write_cost;
  const double l2_bytes = hw.l2_mib * 1048576 / path.l2_copies;
  m.l2_full_bytes = l2_bytes * p.l2_full;
  m.l2_none_bytes = l2_bytes * std::max(p.l2_full, p.l2_none);
  return m;
}

// Bytes of one block's k step as L2 serves them; a cluster's multicast loads each panel once.
double step_l2_bytes(const ContractionWork& w, const ContractionTiles& t) {
  const double a = double(t.block_m) * t.block_k * w.a.element_bytes * w.a.sector_factor;
  const double b = double(t.block_n) * t.block_k * w.b.element_bytes * w.b.sector_factor;
  return a / t.cluster_n + b / t.cluster_m;
}

// DRAM traffic of the kernel, less what earlier launches left in L2.
WaveTraffic dram_traffic(const ContractionWork& w, const PipelineProgram& program, const Grid& grid,
                         const Machine& machine, const LaunchContext& context) {
  const ContractionTiles& t = program.tiles;
  const TrafficInput input{grid.tiles_m, grid.tiles_n, w.batch,
                           std::min(grid.blocks, grid.slots) / std::max(1, t.split_k),
                           double(t.raster),
                           w.a.unique_bytes / (grid.tiles_m * w.batch),
                           w.b.unique_bytes / (grid.tiles_n * w.batch),
                           w.c.unique_bytes, machine.l2_full_bytes, machine.l2_none_bytes};
  WaveTraffic traffic = wave_traffic(input);
  const double rest = w.c.unique_bytes + w.extra_bytes;
  const double a_passed = w.a.unique_bytes * context.a_rotation + w.b.unique_bytes + rest;
  const double b_passed = w.b.unique_bytes * context.b_rotation + w.a.unique_bytes + rest;
  traffic.a_bytes -= w.a.unique_bytes * hit_share(a_passed, machine.l2_full_bytes, machine.l2_none_bytes);
  traffic.b_bytes -= w.b.unique_bytes * hit_share(b_passed, machine.l2_full_bytes, machine.l2_none_bytes);
  // Output lines that the next launch overwrites in L2 never reach DRAM.
  if (context.a_rotation <= 1) traffic.c_bytes *= 1 - hit_share(a_passed, machine.l2_full_bytes, machine.l2_none_bytes);
  traffic.a_bytes += w.extra_bytes;
  return traffic;
}

// Nanoseconds of every stage of one k step while `active` blocks run, `per_sm` on the fullest SM.
struct Step {
  double math, shared, issue, dram, l2, latency, serial;
  double length() const { return std::max({math, shared, issue, dram, l2, latency, serial}); }
};

struct StepInput {
  double l2_bytes, dram_bytes;  // per block and step
  double in_flight;             // steps whose loads are under way
};

// Of the load that a step waits for: one of four from DRAM is enough for the slowest to come from there.
double idle_latency_ns(const Machine& machine, const StepInput& in) {
  const double from_dram = std::min(1.0, in.dram_bytes / std::max(1.0, in.l2_bytes) * 4);
  return machine.l2_latency_ns + from_dram * (machine.dram_latency_ns - machine.l2_latency_ns);
}

Step step_ns(const InstructionRates& rates, const Machine& machine, const StepInput& in,
             const GpuParameters& p, double per_sm, double active) {
  const double ns = 1 / rates.clock_ghz;
  Step s{};
  s.math = per_sm * rates.math_cycles * ns;
  s.shared = per_sm * rates.shared_cycles * ns;
  s.issue = per_sm * rates.issue_cycles * ns;
  // One block alone: its barrier, then its own arithmetic or the chain of dependent instructions.
  s.serial = (rates.sync_cycles + std::max({rates.math_cycles, rates.shared_cycles,
                                            rates.issue_cycles, rates.chain_cycles})) * ns;
  s.l2 = std::max(active * in.l2_bytes / machine.l2_gbps,
                  per_sm * in.l2_bytes / p.sm_port_bytes_per_clock * ns);
  s.dram = active * in.dram_bytes / machine.dram_gbps;
  // Little's law: a step cannot be shorter than the latency of its loads over the number of steps
  // in flight, however many bytes the bus could carry.
  s.latency = idle_latency_ns(machine, in) / in.in_flight * p.staged_latency;
  return s;
}

void add(PipelineTime& out, const Step& s, double count) {
  const double us = count * 1e-3;
  out.math_us += us * s.math;
  out.shared_us += us * s.shared;
  out.issue_us += us * s.issue;
  out.latency_us += us * s.latency;
  out.sync_us += us * s.serial;
  out.l2_us += us * s.l2;
  out.dram_us += us * s.dram;
}

// Time at a given clock; `rates` carries it.
PipelineTime time_at(const ContractionWork& w, const PipelineProgram& program, const Hardware& hw,
                     const LaunchContext& context, const GpuParameters& p, const Grid& grid,
                     const Machine& machine, const WaveTraffic& traffic,
                     const InstructionRates& rates) {
  const ContractionTiles& t = program.tiles;
  PipelineTime out;
  const double step_bytes = step_l2_bytes(w, t);
  const double loads_l2 = grid.blocks * grid.steps * step_bytes;
  const StepInput input{step_bytes, step_bytes * (traffic.a_bytes + traffic.b_bytes) / loads_l2,
                        double(std::max(1, t.stages - 1))};
  const double dram_write_bytes = traffic.c_bytes * machine.write_cost;
  const double dram_write_us = dram_write_bytes / machine.dram_gbps * 1e-3;
  const double dram_all_us = (traffic.a_bytes + traffic.b_bytes) / machine.dram_gbps * 1e-3 + dram_write_us;
  const double store_gbps = machine.store_gbps_per_ghz * rates.clock_ghz;
  const double c_bytes = w.c.unique_bytes * w.c.sector_factor;
  out.dram_bytes = traffic.total();
  out.l2_bytes = loads_l2 + c_bytes;

  // Waves: full ones with every SM holding all it can, and the last, partial one. Stores of a
  // block overlap with its neighbours on the SM, not with its own products; no faster than DRAM takes what L2
  // cannot keep.
  const double c_block_bytes = double(t.block_m) * t.block_n * w.c.element_bytes * w.c.sector_factor;
  const double all_stored = t.stream_k != 0 ? grid.tiles : grid.blocks;
  double body_us = 0;
  bool first = true;
  const auto run_wave = [&](double count, double active, double steps, double stored_blocks) {
    if (count < 1 || active < 1) return;
    const double per_sm = ceil_div(active, grid.sms);
    const Step step = step_ns(rates, machine, input, p, per_sm, active);
    const double length = step.length() * steps * 1e-3;
    const double stores = count * stored_blocks *
                          std::max(c_block_bytes / store_gbps * 1e-3,
                                   p.store_exposed / per_sm * dram_write_us / all_stored);
    const double start = first ? 0 : p.staged_latency * machine.l2_latency_ns * rates.clock_ghz / per_sm;
    const double end = count * (p.block_end_cycles / per_sm + start) * 1e-3 / rates.clock_ghz + stores;
    first = false;
    body_us += count * length + end;
    out.epilogue_us += end;
    out.tail_us += count * length * (1 - active / (per_sm * grid.sms));
    add(out, step, count * steps);
  };
  if (t.stream_k != 0) {
    run_wave((grid.tiles - grid.streamed) / grid.slots, grid.slots, grid.tile_steps, grid.slots);
    if (grid.streamed > 0)
      run_wave(1, grid.blocks, grid.streamed * grid.tile_steps / grid.blocks, grid.streamed);
  } else {
    const double full_waves = std::floor(grid.blocks / grid.slots);
    const double rest = grid.blocks - full_waves * grid.slots;
    run_wave(full_waves, grid.slots, grid.steps, grid.slots);
    run_wave(1, rest, grid.steps, rest);
  }

  out.launch_us = launch_floor_us(hw, context, p);
  out.fill_us = (machine.block_start_cycles / rates.clock_ghz + idle_latency_ns(machine, input)) * 1e-3;
  LaunchContext queued = context;
  queued.launch_us = -1;  // the second kernel follows without a call of its own
  const double wait_us = program.reduces_in_second_kernel ? launch_floor_us(hw, queued, p) + out.fill_us
                                                          : p.reduction_latency_us;
  const double sum_bytes = double(t.block_m) * t.block_n * 4.0;
  if (t.split_k > 1) {
    // Each block writes its float partial tile; one block per tile reads them all back.
    const double partial = grid.blocks * sum_bytes;
    out.reduction_us = wait_us + 2 * partial / machine.l2_gbps * 1e-3;
    out.l2_bytes += 2 * partial;
  } else if (grid.streamed > 0) {
    // A stretch ends where the next begins, in nearly every case inside a tile: as many parts as stretches
    // and tiles. Nothing is multiplied while parts are written, nor while the last holder of a tile reads
    // all of it through its SM's port.
    const double parts = grid.blocks + grid.streamed;
    const double write_us = parts * sum_bytes / store_gbps * 1e-3;
    const double read_us = std::max(parts * sum_bytes / machine.l2_gbps,
                                    std::ceil(parts / grid.streamed) * sum_bytes /
                                        (p.sm_port_bytes_per_clock * rates.clock_ghz)) * 1e-3;
    out.reduction_us = wait_us + write_us + read_us;
    out.l2_bytes += 2 * parts * sum_bytes;
  }
  out.dram_us = std::max(out.dram_us, dram_all_us);
  out.total_us = out.launch_us + out.fill_us + out.reduction_us + std::max(body_us, dram_all_us);
  return out;
}

// The clock at which a kernel of this activity stays within the board's power limit.
double power_limited_ghz(const PipelineTime& at_boost, double flops, const InstructionRates& rates,
                         const Hardware& hw, const GpuParameters& p, InstructionClass instruction) {
  if (hw.power_watts <= 0) return rates.clock_ghz;
  const double per_flop = instruction == InstructionClass::simt  ? p.fma_pj_per_flop
                          : instruction == InstructionClass::mma ? p.mma_pj_per_flop
                                                                 : p.wgmma_pj_per_flop;
  const double floor_ghz = std::min(p.voltage_floor_ghz, rates.clock_ghz);
  const auto energy = [&](double ghz) {
    return per_flop * memory_path(hw.compute_capability).process_energy *
           std::pow(std::max(ghz, floor_ghz) / 1.41, p.energy_clock_exponent);
  };
  const double picoseconds = at_boost.total_us * 1e6;
  const double memory_watts = at_boost.dram_bytes * p.dram_pj_per_byte / picoseconds;
  const double budget = std::max(0.1 * hw.power_watts, hw.power_watts * (1 - p.static_power) - memory_watts);
  const double dynamic = flops * energy(rates.clock_ghz) / picoseconds;
  if (dynamic <= budget) return rates.clock_ghz;
  // Power goes with the rate, so with the clock, times the energy of one operation.
  const double above = rates.clock_ghz * std::pow(budget / dynamic, 1 / (1 + p.energy_clock_exponent));
  if (above >= floor_ghz) return above;
  return rates.clock_ghz * budget * picoseconds / (flops * energy(floor_ghz));
}

}  // namespace

double launch_floor_us(const Hardware& hw, const LaunchContext& context, const GpuParameters& p) {
  if (context.launch_us >= 0) return context.launch_us;
  const double known = context.graph ? hw.launch_us_graph : hw.launch_us_stream;
  return known > 0 ? known : context.graph ? p.launch_graph_us : p.launch_stream_us;
}

PipelineTime contraction_time(const ContractionWork& w, const PipelineProgram& program,
                              const Hardware& hw, const LaunchContext& context,
                              const GpuParameters& p) {
  const ContractionTiles& t = program.tiles;
  const Occupancy occ = occupancy(hw, t.threads(), program.registers, program.shared_bytes);
  if (occ.blocks == 0) return {};
  const Grid grid = make_grid(w, t, hw, occ.blocks);
  const Machine machine = machine_of(hw, p, program.instruction);
  const WaveTraffic traffic = dram_traffic(w, program, grid, machine, context);
  InstructionRates rates = instruction_rates(w, program, hw, p);

  PipelineTime out = time_at(w, program, hw, context, p, grid, machine, traffic, rates);
  const double padded_flops = 2 * grid.tiles * t.block_m * t.block_n * ceil_div(w.k, t.block_k) * t.block_k;
  // Products of the zeros that pad a tile switch next to nothing: they take time, not energy.
  const double useful_flops = 2 * w.batch * w.m * w.n * w.k;
  const double ghz = power_limited_ghz(out, useful_flops, rates, hw, p, program.instruction);
  if (ghz < rates.clock_ghz) {
    rates.clock_ghz = ghz;
    out = time_at(w, program, hw, context, p, grid, machine, traffic, rates);
  }
  out.clock_ghz = rates.clock_ghz;
  out.blocks_per_sm = occ.blocks;
  out.occupancy = occ.fraction;
  out.waves = grid.blocks / grid.slots;
  out.padding = padded_flops / useful_flops;
  return out;
}

}  // namespace perftune
