#include "tuner/construct/cpu_rules.hpp"

#include <algorithm>

namespace perftune::rules {
namespace {

constexpr std::int64_t page_bytes = 4096;  // lines this far apart share an L1 set
constexpr double memory_latency_ns = 100;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t largest_part(std::int64_t tiles, std::int64_t parts) { return ceil_div(tiles, parts); }

}  // namespace

std::int64_t sums_to_hide_latency(const CpuLimits& cpu) {
  return std::int64_t{cpu.fma_latency} * cpu.fma_per_cycle;
}

std::int64_t rows_that_fit(const CpuLimits& cpu, std::int64_t vectors) {
  return std::max<std::int64_t>(0, (cpu.vector_registers - 1 - vectors) / vectors);
}

double loads_per_fma(RegisterBlock block) {
  return static_cast<double>(block.rows + block.vectors) /
         static_cast<double>(block.rows * block.vectors);
}

double useful_share(RegisterBlock block, std::int64_t m, std::int64_t n, std::int64_t lanes) {
  const std::int64_t rows = ceil_div(m, block.rows) * block.rows;
  const std::int64_t columns = ceil_div(n, lanes) * lanes;  // the last tile is narrower
  return static_cast<double>(m) / static_cast<double>(rows) * static_cast<double>(n) /
         static_cast<double>(columns);
}

std::vector<RegisterBlock> register_blocks(const CpuLimits& cpu, std::int64_t m, std::int64_t n,
                                           std::int64_t lanes) {
  const std::int64_t wanted = sums_to_hide_latency(cpu);
  std::vector<RegisterBlock> blocks;
  for (std::int64_t vectors = 1; vectors <= 8; ++vectors) {
    const std::int64_t most = std::min<std::int64_t>({rows_that_fit(cpu, vectors), m, 16});
    if (most < 1 || (vectors > 1 && (vectors - 1) * lanes >= n)) continue;
    for (std::int64_t rows = most; rows >= 1; --rows) {
      const RegisterBlock block{rows, vectors};
      const bool whole_output = rows == m && vectors * lanes >= n;
      const bool widest = rows == m && vectors == 8;
      if (rows * vectors < wanted && !whole_output && !widest) break;
      // Of the row counts for one width, only those that no larger one covers with less waste.
      const bool better = std::none_of(blocks.begin(), blocks.end(), [&](RegisterBlock other) {
        return other.vectors == vectors &&
               useful_share(other, m, n, lanes) >= useful_share(block, m, n, lanes);
      });
      const bool whole_tile = rows == most || rows == 8;
      if (better || whole_tile) blocks.push_back(block);
    }
  }
  const auto cost = [&](RegisterBlock block) {
    // Sums below the latency product leave pipes idle; load pressure counts a little.
    const double busy = std::min(1.0, static_cast<double>(block.rows * block.vectors) /
                                          static_cast<double>(wanted));
    // A last column tile narrower than the latency product stalls too.
    const std::int64_t tail = ceil_div(n, lanes) % block.vectors;
    const double tiles = static_cast<double>(ceil_div(n, lanes)) / static_cast<double>(block.vectors);
    const double tail_cost = tail == 0 ? 0
        : std::max(0.0, static_cast<double>(wanted) / static_cast<double>(block.rows * tail) - 1) *
              static_cast<double>(tail) / static_cast<double>(block.vectors) / tiles;
    return (1 + tail_cost) * (1 + 0.15 * loads_per_fma(block)) /
           (busy * useful_share(block, m, n, lanes));
  };
  std::stable_sort(blocks.begin(), blocks.end(),
                   [&](RegisterBlock a, RegisterBlock b) { return cost(a) < cost(b); });
  return blocks;
}

std::int64_t rows_without_conflicts(const CpuLimits& cpu, std::int64_t stride_bytes) {
  const std::int64_t ways = std::max<std::int64_t>(1, cpu.l1_bytes / page_bytes);
  if (stride_bytes % page_bytes != 0) return 1 << 20;
  return std::max<std::int64_t>(1, ways * 3 / 4);  // a quarter for B and the output
}

std::int64_t steps_in_l2(const CpuLimits& cpu, std::int64_t width, std::int64_t element_bytes,
                         double share) {
  const double bytes = static_cast<double>(cpu.l2_bytes) * share;
  const auto steps = static_cast<std::int64_t>(bytes / static_cast<double>(width * element_bytes));
  return std::max<std::int64_t>(16, steps / 16 * 16);
}

std::int64_t steps_in_l1(const CpuLimits& cpu, std::int64_t width, std::int64_t element_bytes,
                         double share) {
  const double bytes = static_cast<double>(cpu.l1_bytes) * share;
  const auto steps = static_cast<std::int64_t>(bytes / static_cast<double>(width * element_bytes));
  return std::max<std::int64_t>(64, steps / 16 * 16);
}

std::int64_t columns_in_l3(const CpuLimits& cpu, std::int64_t threads, std::int64_t depth,
                           std::int64_t width, std::int64_t element_bytes, double share) {
  const std::int64_t last = std::max(cpu.l3_bytes, threads * cpu.l2_bytes);
  const double bytes = static_cast<double>(last) * share / static_cast<double>(threads);
  const auto columns =
      static_cast<std::int64_t>(bytes / static_cast<double>(depth * element_bytes));
  return std::max(width, columns / width * width);
}

std::int64_t columns_in_l2(const CpuLimits& cpu, std::int64_t depth, std::int64_t width,
                           std::int64_t element_bytes, double share) {
  const double bytes = static_cast<double>(cpu.l2_bytes) * share;
  const auto columns =
      static_cast<std::int64_t>(bytes / static_cast<double>(depth * element_bytes));
  return std::max(width, columns / width * width);
}

bool packing_pays(const CpuLimits& cpu, std::int64_t operand_bytes, std::int64_t reuses) {
  return operand_bytes > cpu.l2_bytes / 2 && reuses >= 4;
}

bool stores_past_caches(const CpuLimits& cpu, std::int64_t output_bytes) {
  return output_bytes > std::max(cpu.l3_bytes, cpu.l2_bytes);
}

std::int64_t prefetch_steps(const CpuLimits& cpu, std::int64_t fmas_per_step) {
  const double cycles_per_step =
      std::max(1.0, static_cast<double>(fmas_per_step) / cpu.fma_per_cycle);
  const double cycles = memory_latency_ns * std::max(1.0, cpu.clock_ghz);
  const auto steps = static_cast<std::int64_t>(cycles / cycles_per_step);
  return std::clamp<std::int64_t>(steps / 4 * 4, 8, 64);
}

double imbalance(const ThreadSplit& split, std::int64_t batch, std::int64_t row_tiles,
                 std::int64_t column_tiles) {
  const auto part = [](std::int64_t tiles, std::int64_t parts) {
    return static_cast<double>(largest_part(tiles, parts)) * static_cast<double>(parts) /
           static_cast<double>(tiles);
  };
  return part(batch, split.batch) * part(row_tiles, split.m) * part(column_tiles, split.n);
}

std::vector<ThreadSplit> thread_splits(std::int64_t threads, std::int64_t batch,
                                       std::int64_t row_tiles, std::int64_t column_tiles,
                                       std::int64_t depth, bool thin) {
  std::vector<ThreadSplit> splits;
  for (std::int64_t b = 1; b <= std::min(threads, batch); ++b)
    for (std::int64_t m = 1; b * m <= threads && m <= row_tiles; ++m)
      for (std::int64_t n = 1; b * m * n <= threads && n <= column_tiles; ++n) {
        if (threads % (b * m * n) != 0) continue;
        const std::int64_t k = threads / (b * m * n);
        const bool small_output = batch * row_tiles * column_tiles < 4 * threads;
        if (k > 1 && (!(thin || small_output) || depth < 64 * k)) continue;
        splits.push_back({b, m, n, k});
      }
  if (splits.empty()) {  // no exact factorisation: as many tasks as there are tiles
    splits.push_back({std::min(threads, batch), 1, 1, 1});
    splits.push_back({1, std::min(threads, row_tiles), 1, 1});
    splits.push_back({1, 1, std::min(threads, column_tiles), 1});
  }
  std::stable_sort(splits.begin(), splits.end(), [&](const ThreadSplit& a, const ThreadSplit& c) {
    return imbalance(a, batch, row_tiles, column_tiles) <
           imbalance(c, batch, row_tiles, column_tiles);
  });
  return splits;
}

bool worth_threads(const CpuLimits& cpu, double multiply_adds, std::int64_t lanes) {
  const double per_microsecond =
      static_cast<double>(lanes * cpu.fma_per_cycle) * std::max(1.0, cpu.clock_ghz) * 1e3;
  return multiply_adds > per_microsecond;
}

}  // namespace perftune::rules
