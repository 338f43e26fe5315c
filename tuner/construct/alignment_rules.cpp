#include "tuner/construct/alignment_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace perftune::rules {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }

// Global-memory latency under load, in nanoseconds: 400-800 cycles at 1.4-2 GHz on Volta to Hopper
// (Jia et al., arXiv:1804.06826; Luo et al., arXiv:2402.13499).
constexpr double kMemoryLatencyNs = 500;

// L2 bandwidth over DRAM bandwidth where no figure is known: 2.5 to 3 on V100, A100 and H100
// (recipes/hardware, measured l2_gbps).
constexpr double kL2OverDram = 2.5;

}  // namespace

double padding_waste(std::int64_t extent, std::int64_t tile) {
  return static_cast<double>(round_up(extent, tile)) / static_cast<double>(extent) - 1.0;
}

std::int64_t power_of_two_at_least(std::int64_t extent) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(std::max<std::int64_t>(1, extent))));
}

int sector_elements(DType type) { return kSectorBytes / static_cast<int>(size_bytes(type)); }

int vector_elements(DType type, int guaranteed) {
  const int widest = kVectorBytes / static_cast<int>(size_bytes(type));
  int width = 1;
  while (width * 2 <= widest && guaranteed % (width * 2) == 0) width *= 2;
  return width;
}

bool threads_fit(const Hardware& hardware, int threads) {
  return threads > 0 && threads % kWarp == 0 && threads <= hardware.sm.max_threads_per_block;
}

bool shared_fits(const Hardware& hardware, std::int64_t bytes) {
  return bytes <= std::max(hardware.sm.shared_bytes_optin, hardware.sm.shared_bytes_per_block);
}

bool registers_fit(const Hardware& hardware, int registers, int threads, int min_blocks) {
  const auto& sm = hardware.sm;
  if (registers > sm.max_registers_per_thread) return false;
  const std::int64_t per_warp = round_up(std::int64_t{registers} * kWarp, sm.register_allocation);
  return per_warp * (threads / kWarp) * std::max(1, min_blocks) <= sm.registers;
}

std::int64_t resident_blocks(const Hardware& hardware, int threads, std::int64_t shared_bytes,
                             int registers) {
  const auto& sm = hardware.sm;
  const int warps = threads / kWarp;
  const std::int64_t per_warp =
      round_up(std::int64_t{std::max(1, registers)} * kWarp, sm.register_allocation);
  const std::int64_t shared =
      round_up(shared_bytes + sm.shared_bytes_reserved, sm.shared_allocation);
  std::int64_t blocks = std::min<std::int64_t>(sm.max_blocks, sm.max_warps / std::max(1, warps));
  blocks = std::min(blocks, sm.registers / per_warp / std::max(1, warps));
  if (shared > 0) blocks = std::min(blocks, sm.shared_bytes / shared);
  return blocks * hardware.sms;
}

double wave_efficiency(std::int64_t blocks, std::int64_t slots) {
  if (slots <= 0) return 0;
  return static_cast<double>(blocks) / static_cast<double>(round_up(blocks, slots));
}

double tile_traffic(double bm, double bn, double bytes_a, double bytes_b) {
  return bytes_a / bn + bytes_b / bm;
}

double tile_footprint(double bm, double bn, double bytes_a, double bytes_b) {
  return bm * bytes_a + bn * bytes_b;
}

bool grow_m_first(double bm, double bn, double grown_m, double grown_n, double bytes_a,
                  double bytes_b) {
  const double now = tile_traffic(bm, bn, bytes_a, bytes_b);
  const double room = tile_footprint(bm, bn, bytes_a, bytes_b);
  const auto gain = [&](double m, double n) {
    const double added = tile_footprint(m, n, bytes_a, bytes_b) - room;
    return added > 0 ? (now - tile_traffic(m, n, bytes_a, bytes_b)) / added : 0.0;
  };
  return gain(grown_m, bn) >= gain(bm, grown_n);
}

double balanced_intensity(const Hardware& hardware, double flops_per_second) {
  const double l2 = hardware.measured_value("l2_gbps").value_or(
      hardware.l2_gbps > 0 ? hardware.l2_gbps : kL2OverDram * hardware.dram_ceiling_gbps());
  return flops_per_second / (l2 * 1e9);
}

std::vector<int> split_k_choices(std::int64_t blocks, std::int64_t slots, std::int64_t k,
                                 int block_k, int min_steps) {
  std::vector<int> choices{1};
  const std::int64_t most = k / (std::int64_t{block_k} * min_steps);
  if (blocks <= 0 || most < 2 || blocks >= slots) return choices;
  const std::int64_t exact = slots / blocks;
  std::vector<std::int64_t> proposals{exact, 2 * exact};
  for (std::int64_t s = 2; s <= 2 * exact && s <= 64; s *= 2) proposals.push_back(s);
  std::sort(proposals.begin(), proposals.end());
  for (const auto s : proposals)
    if (s >= 2 && s <= most && s <= 128 && s > choices.back()) choices.push_back(static_cast<int>(s));
  return choices;
}

bool stream_k_pays(std::int64_t blocks, std::int64_t slots, std::int64_t k, int block_k) {
  constexpr double full_wave = 0.95;
  return wave_efficiency(blocks, slots) <= full_wave && 2 * blocks >= slots && k >= 4 * block_k;
}

RuleApplied scale_out_rule(bool stream_k, int split_k, std::int64_t blocks, std::int64_t slots) {
  const std::int64_t parts = stream_k ? blocks : blocks * split_k;
  const double used = 100 * wave_efficiency(parts, slots);
  if (stream_k)
    return {
        "stream_k", "scale_out",
        fmt::format("{} blocks for {} resident would leave {:.1f} % of the last waves' slots used",
                    parts, slots, used)};
  return {"split_k", split_k > 1 ? "scale_out" : "wave_quantisation",
          fmt::format("{} blocks for {} resident: last wave leaves {:.1f} % of the slots used",
                      parts, slots, used)};
}

int raster_group(std::int64_t m, int block_m, int block_n, std::int64_t slots) {
  const double blocks_m = std::ceil(static_cast<double>(m) / block_m);
  const double square = std::sqrt(static_cast<double>(slots) * block_n / block_m);
  const int group = static_cast<int>(std::bit_floor(static_cast<unsigned>(std::max(1.0, square))));
  return static_cast<int>(std::clamp<double>(group, 1, std::max(1.0, blocks_m)));
}

int stages_for_latency(const Hardware& hardware, std::int64_t stage_bytes, int blocks_per_sm) {
  const double in_flight = hardware.dram_ceiling_gbps() * kMemoryLatencyNs / hardware.sms;  // bytes
  const double stages =
      in_flight / (static_cast<double>(stage_bytes) * std::max(1, blocks_per_sm)) + 1;
  return std::max(2, static_cast<int>(std::ceil(stages)));
}

}  // namespace perftune::rules
