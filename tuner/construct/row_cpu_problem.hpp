// What the constructor of rows and reductions for cpu/simd reads off an operator, and the answers that every
// program of it shares: which way vectors can run, who does which part, whether stores pass the caches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/row.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

struct CpuRowProblem {
  // `form` outlives it.
  static CpuRowProblem of(const Operator& op, const RowForm& form, const Hardware& hardware);

  const RowForm& form;
  std::string family;
  std::int64_t lanes, threads;
  double bytes, output_bytes;  // compulsory, of all tensors; stored
  CpuLimits cpu;

  bool worth_threads() const { return bytes > 64 * 1024; }
  // Vectors along the columns of one row cost less than vectors along rows: by the bytes per point that are
  // contiguous in each direction, those that are scattered, and the lanes that a short axis leaves idle.
  bool columns_first() const;
  // Few enough columns to lay out one after the other.
  bool small_window() const;
  // Some output has columns, and they are a good part of the last cache.
  bool may_stream() const;
  // Whether outputs leave the caches anyway before anybody reads them.
  bool outgrows_caches() const;
};

// Bytes per column point of reads and stores that are contiguous along the lanes of a direction, and of
// those that are neither contiguous nor the same for all lanes.
struct LaneTraffic {
  double contiguous = 0, scattered = 0;
  double cost = 0;  // in contiguous bytes
};
LaneTraffic lane_traffic(const RowForm& form, Group lanes);

// How rows are shared among threads, likeliest first; `units` is how many pieces there are.
struct RowShare {
  std::int64_t tasks, split;
  RuleApplied rule;
};
std::vector<RowShare> row_shares(const CpuRowProblem& problem, std::int64_t units);

// The window's extents as constants.
void set_window(CpuRowTiles& tiles, const RowForm& form);

RuleApplied direction_rule(const CpuRowProblem& problem, Group lanes);

}  // namespace perftune
