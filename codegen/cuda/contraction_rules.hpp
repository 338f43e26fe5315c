// What the rules of the CUDA contraction targets have in common: all but the mapping onto threads and
// instructions, which a target's plan() decides.
#pragma once

#include <string>

#include "codegen/contraction.hpp"
#include "codegen/contraction_tiles.hpp"
#include "codegen/launch_rules.hpp"

namespace perftune {

// One target's answer for one contraction and tile program.
struct ContractionPlan {
  bool a_along_k = false;      // A is staged along k (else along its rows)
  bool b_along_k = false;
  int shared_bytes = 0;
  int needed_registers = 0;    // the fewest that should not spill
  int expected_registers = 0;  // what ptxas is going to report
  int available_registers = 0;  // of which a thread has; 0: what the launch bound leaves
  int min_blocks = 0;          // second launch bound
  bool tensor_copies = false;  // A and B come by TMA
  bool persistent = false;     // blocks compute several units in turn (tile_schedule.cuh)
  int producer_registers = 0, consumer_registers = 0;  // per thread, after a handover; 0: none
};

// The canonical form; aborts where there is none: callers ask illegal() first.
Contraction cuda_contraction(const Operator& op);

// Thread-safe, as all rules.
class CudaContractionRules : public LaunchRules {
 public:
  std::string_view family() const final { return "contraction"; }
  Launch bind(const Operator& op, const TileProgram& program, const Hardware& hardware) const final;
  Reading read(const Operator& op) const final;

  // For a pair that passed bad_block and unsuitable().
  virtual ContractionPlan plan(const Contraction& form, const ContractionTiles& tiles,
                               const Hardware& hardware) const = 0;
  // Why extents or strides at this shape are not taken; nullopt when they are. Vectors that cannot be
  // aligned, unless a target copies in another way.
  virtual std::optional<std::string> misaligned(const Contraction& form,
                                                const ContractionTiles& tiles,
                                                const ContractionPlan& plan) const;

 protected:
  // Why stream_k cannot count the steps of this grid.
  static std::optional<std::string> bad_streams(const Contraction& form, const ContractionTiles& tiles);
  // `resident` blocks, fewer where there is less to do; a workspace for what streams leave each other.
  static void make_persistent(const Contraction& form, const ContractionTiles& tiles,
                              std::int64_t resident, Launch& launch);

 private:
  std::optional<std::string> illegal_tiles(const Contraction& form, const TileProgram& program,
                                           const Hardware& hardware) const;
  // Why this target does not take types, tiles or directions; nullopt when it does.
  virtual std::optional<std::string> unsuitable(const Contraction& form,
                                                const ContractionTiles& tiles,
                                                const Hardware& hardware) const = 0;
  // What a target's launch needs beyond contraction_launch.
  virtual void complete(const Contraction&, const ContractionTiles&, const ContractionPlan&,
                        const Hardware&, Launch&) const {}
};

// A launch bound, and what ptxas makes of a kernel under it: at least `needed` registers per
// thread so that it does not spill, `natural` ones if it had its way.
struct LaunchBound {
  int min_blocks = 0;
  int registers = 255;  // the most that ptxas may use
  // Registers per thread that `blocks` resident blocks leave to each.
  static int registers_at(int blocks, const ContractionTiles& tiles);
  static LaunchBound of(int needed, const ContractionTiles& tiles, const Hardware& hardware);
};

// Registers in which one operand's tile is addressed and, without cp.async, passes through.
struct StagingRegisters {
  int row_offsets = 0;
  double held_words = 0;
  int vectors = 0;
  static StagingRegisters of(const Access& access, int rows, bool along_k, int vector,
                             const ContractionTiles& tiles, const Hardware& hardware);
};

}  // namespace perftune
