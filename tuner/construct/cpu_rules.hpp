// The alignment rules of a contraction on a CPU: each answers one question about one extent from
// hardware numbers. After Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication" (TOMS 2008), and Low et al., "Analytical Modeling Is Enough for
// High-Performance BLIS" (TOMS 2016). Pure; the constructor writes down which fixed what.
#pragma once

#include <cstdint>
#include <vector>

#include "recipes/hardware.hpp"

namespace perftune::rules {

// Independent vector sums that keep every FMA pipe busy: latency times issue rate.
std::int64_t sums_to_hide_latency(const CpuLimits& cpu);

struct RegisterBlock {
  std::int64_t rows = 1;     // broadcast elements of A per step
  std::int64_t vectors = 1;  // vectors of B per step
  auto operator<=>(const RegisterBlock&) const = default;
};

// Rows that fit beside `vectors` vectors per row: rows * vectors sums, one step of B, a broadcast.
std::int64_t rows_that_fit(const CpuLimits& cpu, std::int64_t vectors);

// Loads per FMA of a block: (rows + vectors) / (rows * vectors). A core issues two loads for two
// FMAs, so it must stay below 1, and lower leaves room for the stores and for packing.
double loads_per_fma(RegisterBlock block);

// Useful share of the multiplications when an m x n output is cut into such blocks, n in vectors.
double useful_share(RegisterBlock block, std::int64_t m, std::int64_t n, std::int64_t lanes);

// Blocks worth generating for an m x n output share: enough sums for the latency (where the output
// has them), registers not exceeded; ordered by useful share over load pressure.
std::vector<RegisterBlock> register_blocks(const CpuLimits& cpu, std::int64_t m, std::int64_t n,
                                           std::int64_t lanes);

// Rows of a row-major operand, `stride_bytes` apart, that one L1 way can hold side by side before
// they evict each other: 4096-byte strides meet in one set.
std::int64_t rows_without_conflicts(const CpuLimits& cpu, std::int64_t stride_bytes);

// Steps of k whose B panel of `width` elements is a `share` of the L2 cache, a multiple of 16.
std::int64_t steps_in_l2(const CpuLimits& cpu, std::int64_t width, std::int64_t element_bytes,
                         double share);

// Steps of k whose panel of `width` elements is a `share` of the L1 cache, a multiple of 16 and at
// least 64: shorter ones spend their time on reading and writing sums.
std::int64_t steps_in_l1(const CpuLimits& cpu, std::int64_t width, std::int64_t element_bytes,
                         double share);

// Columns of B, in whole panels of `width`, whose block of `depth` steps is a `share` of L2.
std::int64_t columns_in_l2(const CpuLimits& cpu, std::int64_t depth, std::int64_t width,
                           std::int64_t element_bytes, double share);

// The same in one thread's part of L3.
std::int64_t columns_in_l3(const CpuLimits& cpu, std::int64_t threads, std::int64_t depth,
                           std::int64_t width, std::int64_t element_bytes, double share);

// Packing copies an operand once so that the tile reads it in order; worth it only where the
// operand outgrows the L2 cache, or is read from few enough places often enough.
bool packing_pays(const CpuLimits& cpu, std::int64_t operand_bytes, std::int64_t reuses);

// Steps by which a streamed operand must be requested ahead: memory latency (about 100 ns) over
// the time that one step takes.
std::int64_t prefetch_steps(const CpuLimits& cpu, std::int64_t fmas_per_step);

// Whether an output of so many bytes leaves the caches anyway before anybody reads it.
bool stores_past_caches(const CpuLimits& cpu, std::int64_t output_bytes);

struct ThreadSplit {
  std::int64_t batch = 1, m = 1, n = 1, k = 1;
  auto operator<=>(const ThreadSplit&) const = default;
};

// Ways to cut the work in `threads` equal parts, best balanced first; k only where the output is
// too small to occupy all threads or m is thin.
std::vector<ThreadSplit> thread_splits(std::int64_t threads, std::int64_t batch,
                                       std::int64_t row_tiles, std::int64_t column_tiles,
                                       std::int64_t depth, bool thin);

// Largest share of one thread over the mean: 1 is balanced.
double imbalance(const ThreadSplit& split, std::int64_t batch, std::int64_t row_tiles,
                 std::int64_t column_tiles);

// Fewer multiply-adds than this are done before a second thread has started (about 1 us).
bool worth_threads(const CpuLimits& cpu, double multiply_adds, std::int64_t lanes);

}  // namespace perftune::rules
