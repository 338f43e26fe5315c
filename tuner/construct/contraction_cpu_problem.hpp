// What the constructor of contractions for cpu/simd reads off an operator, and the lists that its programs are
// made from: splits of the threads, blockings, and the words that say why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codegen/contraction.hpp"
#include "codegen/cpu/cpu_tiles.hpp"
#include "recipes/hardware.hpp"
#include "tuner/construct/cpu_rules.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

struct CpuProblem {
  static CpuProblem of(const Contraction& form, const Hardware& hardware);

  static constexpr std::int64_t thin_rows = 16;  // fewer rows than this cannot reuse B from registers much
  bool thin() const { return m <= thin_rows; }

  std::int64_t batch, m, n, k;
  std::int64_t lanes, element_bytes, threads;
  bool pack_left, pack_right;  // must be packed: converted, padded or scattered
  bool left_scattered;         // reads of A along k touch a new line each step
  bool dot, axpy;              // layouts that the thin forms need
  std::int64_t left_row_bytes;
  std::int64_t edges_a, edges_b, staged_bytes;
  bool right_in_runs;  // gathered columns: neither they nor steps lie side by side throughout
  bool turned;         // rows and columns have changed places
  bool plain;          // no edges, and one axis per group: what is legal does not depend on extents
  CpuLimits cpu;
};

// Ways to share the work among the threads for a register block, best balanced first, at most `most`.
std::vector<rules::ThreadSplit> splits_for(const CpuProblem& p, rules::RegisterBlock block,
                                           std::int64_t column_grain, std::size_t most);
void set_threads(CpuTiles& tiles, const rules::ThreadSplit& split);

// How B and A are blocked and packed, given the register block and the thread split.
struct Blocking {
  std::int64_t block_m, block_n, block_k;
  bool pack_a, pack_b, rows_inner;
  RuleApplied rule;
};
std::vector<Blocking> blockings(const CpuProblem& p, rules::RegisterBlock block, const rules::ThreadSplit& split);

RuleApplied register_rule(const CpuProblem& p, rules::RegisterBlock block);
RuleApplied thread_rule(const CpuProblem& p, const rules::ThreadSplit& s, double imbalance);
// What every program of the problem shares: how edges are treated, which operand is which.
void set_reading(CpuTiles& tiles, const CpuProblem& p, std::vector<RuleApplied>& rules);

}  // namespace perftune
