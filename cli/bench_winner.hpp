// One kernel against the vendor libraries: shared by `bench` and `tune --allow-vendor`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "codegen/tile_program.hpp"
#include "profiler/confirmation.hpp"
#include "profiler/worker_pool.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

struct BenchSetup {
  Hardware hardware;
  WorkerOptions workers;
  Policy policy;
  std::optional<int> device;  // absent: this CPU
};

// Throws Error{unavailable} for a GPU that is not here.
BenchSetup bench_setup(const Hardware& hardware, int threads, const Context& context);

struct Benched {
  struct Baseline {
    std::string name;
    std::string detail;  // its version and choice; may be empty
    double us = 0;
    Comparison comparison;  // its time over ours
  };
  double us = 0;  // ours, in the same rounds
  std::vector<Baseline> baselines;
  std::vector<std::string> missing;  // libraries that are not there or do not take the operator

  const Baseline* fastest() const;  // nullptr: none
};

// `failure` set: the kernel did not run, and why.
Benched bench_winner(const BenchSetup& setup, const Operator& op, const TileProgram& program,
                     std::string& failure);

}  // namespace perftune
