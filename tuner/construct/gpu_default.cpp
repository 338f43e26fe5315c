#include "tuner/construct/gpu_default.hpp"

#include <algorithm>
#include <cmath>

#include "tuner/construct/alignment_rules.hpp"

namespace perftune::rules {
namespace {

constexpr double kLatencyNs = 600;       // of memory under load
constexpr double kThreadsPerSm = 2048;
constexpr double kAgain = 0.5;           // of a pass over what the pass before read: from L2
constexpr double kMeeting = 3;           // latencies until the blocks of a split have met
constexpr double kBarrierNs = 50;        // of a step: all warps meet
constexpr double kStreams = 1.05;        // what cutting the last wave evenly costs the rest
constexpr double kWarps = 8, kMultiplyingWarps = 4;  // that keep an SM's pipes busy; the second with wgmma
constexpr double kExchange = 0.1;        // latencies of a step in which threads of a row meet

double ceil_div(double a, double b) { return std::ceil(a / b); }

}  // namespace

double row_effort(const CudaRowTiles& t, const RowForm& form, double spread, const Hardware& hardware) {
  const auto rows = static_cast<double>(form.row_count()), columns = static_cast<double>(form.column_count());
  const auto threads = static_cast<double>(t.threads()), vector = static_cast<double>(t.vector);
  const double blocks = ceil_div(rows, static_cast<double>(t.rows_per_block())) * static_cast<double>(t.split);
  const double per_sm = ceil_div(blocks, hardware.sms);
  const double resident = std::min(kThreadsPerSm, per_sm * threads);
  const double steps = ceil_div(columns / static_cast<double>(t.split), static_cast<double>(t.columns_per_step()));
  const double bytes = static_cast<double>(size_bytes(form.value));
  // Runs shorter than a sector fetch it whole; of neighbours closer than that the windows share their sectors.
  const double run = static_cast<double>(t.lanes != 0 ? t.row_threads : t.column_threads) * vector * bytes;
  const double volume = per_sm * threads * steps * vector * std::max({1.0, kSectorBytes / run, spread * bytes < kSectorBytes ? 1.0 : kSectorBytes / bytes});
  const double side_by_side = static_cast<double>(t.held > 0 ? t.held : std::min<std::int64_t>(t.unroll, static_cast<std::int64_t>(steps)));
  const double wanted = hardware.dram_ceiling_gbps() * kLatencyNs / bytes / hardware.sms;  // elements, Little's law
  const double passes = t.held > 0 || t.staged > 0 ? 1 + 0.1 * kAgain * (form.passes() - 1) : 1 + kAgain * (form.passes() - 1);
  return passes * (volume / std::min(wanted, resident * vector * side_by_side) + steps / side_by_side) +
         kExchange * std::log2(static_cast<double>(t.column_threads)) * form.passes() + (t.split > 1 ? kMeeting : 0) +
         1e-3 * volume / vector / resident;
}

double contraction_effort(const ContractionTiles& t, const Product& p, const Resources& r, const Hardware& hardware) {
  const auto m = static_cast<double>(t.block_m), n = static_cast<double>(t.block_n);
  const double tiles = ceil_div(static_cast<double>(p.m), m) * ceil_div(static_cast<double>(p.n), n) * static_cast<double>(p.batch);
  const double blocks = tiles * t.split_k;
  const double slots = static_cast<double>(resident_blocks(hardware, t.threads(), r.shared_bytes, r.registers)) / hardware.sms;
  double per_sm = ceil_div(blocks, hardware.sms);
  if (t.stream_k != 0) per_sm = std::max(1.0, kStreams * blocks / hardware.sms);
  const double together = std::clamp(per_sm, 1.0, std::max(1.0, slots));
  const bool tensor = t.thread_m == 0;
  // Shared memory's bytes per multiply-add of a warp, and those of the level above of a block.
  const double reuse = 1 + (tensor ? 12 : 6) * (1 / m + 1 / n) + (tensor ? 8 : 4) * (1.0 / t.warp_m + 1.0 / t.warp_n);
  const double busy = std::min(1.0, together * t.warps() / (t.producers > 0 ? kMultiplyingWarps : kWarps));
  const double multiply_adds = 0.5e3 * hardware.peak_tflops(p.type, tensor ? Pipe::tensor : Pipe::scalar) / hardware.sms;  // per ns
  const double step = together * m * n * t.block_k * reuse / busy / multiply_adds;
  const double steps = ceil_div(static_cast<double>(p.k) / t.split_k, t.block_k);
  // Parts of a split are written and read once more: through L2, at about twice DRAM's rate.
  const double parts = t.split_k > 1 ? together * m * n * 8 / (2 * hardware.dram_ceiling_gbps() / hardware.sms) : 0;
  return per_sm / together * (steps * (std::max(step, kLatencyNs / (t.stages - 1)) + kBarrierNs) +
                              kLatencyNs * (t.split_k > 1 ? kMeeting : 1) + parts);
}

}  // namespace perftune::rules
