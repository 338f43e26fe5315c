#include "made_up_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <vector>

#include "db/rows.hpp"
#include "db/store.hpp"

namespace perftune::bench {

namespace {

OperatorRecord made_up_operator(int index, const MadeUpStore& shape) {
  const std::int64_t m = 1 + index * 7919 % 8192, n = 64 * (1 + index % 128),
                     k = 64 * (1 + index / 128 % 64);
  return {.signature = signature_of(index, shape),
          .structure = fmt::format("structure {}", index % shape.structures),
          .name = fmt::format("op_{}", index),
          .family = index % 5 == 0 ? "row" : "contraction",
          .dtype = index % 3 == 0 ? "f16" : "f32",
          .dims = {{"m", m}, {"n", n}, {"k", k}},
          .flops = 2.0 * static_cast<double>(m * n * k),
          .compulsory_bytes = 2.0 * static_cast<double>(m * n + n * k + m * k),
          .definition = fmt::format("op: matmul\ndims: {{m: {}, n: {}, k: {}}}\n", m, n, k)};
}

KernelRecord made_up_kernel(int structure, int index) {
  const std::string program =
      fmt::format("contraction cuda/simt block_k={} block_m={} block_n={} split_k={}",
                  8 << index % 3, 16 * (1 + index % 8), 16 * (1 + index / 8 % 8), 1 + structure);
  return {
      .id = fmt::format("{:08x}{:08x}", 0x9e3779b9U * static_cast<unsigned>(structure + 1), index),
      .family = "contraction",
      .target = index % 4 == 0 ? "cuda/mma" : "cuda/simt",
      .program = program,
      .language = "cuda",
      .entry = "kernel",
      .source = fmt::format("// {} {}\n{}", structure, index, std::string(800, '/'))};
}

}  // namespace

std::string signature_of(int op, const MadeUpStore& shape) {
  return fmt::format("out[0,1]=sum[2](in0[0,2]*in1[2,1]) structure {} op {} types f16,f16->f16",
                     op % shape.structures, op);
}

void make_store(const std::string& path, const MadeUpStore& shape) {
  Store store(path);
  sqlite::Database& database = store.database();
  const RunId run = store.begin_run("store_bench", static_cast<std::int64_t>(shape.seed));
  sqlite::Transaction transaction(database);  // one, not one per row: this is not a tune
  std::vector<HardwareId> hardware;
  for (const char* name : {"a100-sxm-80gb", "h100-sxm"}) {
    hardware.push_back(sqlite::put(database,
                                   HardwareRecord{.name = name,
                                                  .vendor_name = name,
                                                  .arch = "sm_80",
                                                  .units = 108,
                                                  .description = fmt::format("name: {}\n", name)},
                                   1));
  }
  std::vector<std::vector<KernelRecord>> kernels(static_cast<std::size_t>(shape.structures));
  for (int s = 0; s < shape.structures; ++s) {
    for (int i = 0; i < shape.kernels; ++i) {
      kernels[static_cast<std::size_t>(s)].push_back(made_up_kernel(s, i));
    }
  }
  std::mt19937_64 random(shape.seed);
  std::uniform_real_distribution<double> unit(0, 1);
  MeasurementRecord m;
  m.toolchain = {"sm_80", "1", "nvrtc 12.4", "--std=c++17"};
  m.policy = "cache=cold threads=1 timer=cupti";
  m.provenance = {"550.54", "12.4", "GPU-1", "host", "0.1.0", 1410.0, 0};
  const std::int64_t pairs = 2 * shape.operators;
  std::int64_t written = 0;
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    const int index = static_cast<int>(pair / 2);
    const OperatorRecord op = made_up_operator(index, shape);
    m.op = sqlite::put(database, op);
    m.hardware = hardware[static_cast<std::size_t>(pair % 2)];
    m.roofline_us = std::max(op.flops / 1e8, op.compulsory_bytes / 1.5e6);
    WinnerRecord winner;
    for (; written < (pair + 1) * shape.measurements / pairs; ++written) {
      const auto& choices = kernels[static_cast<std::size_t>(index % shape.structures)];
      m.kernel = choices[static_cast<std::size_t>(written) % choices.size()];
      const double us = *m.roofline_us * (1.05 + 4 * unit(random));
      m.predicted = PredictedTime{us * (0.7 + 0.6 * unit(random)), us * 0.6, us * 1.5, "dram"};
      m.outcome = Outcome{};
      m.outcome.verified_by = VerifiedBy::device;
      const double fate = unit(random);
      if (fate < 0.95) {
        m.outcome.kind = OutcomeKind::timed;
        m.outcome.timing = Timing{us, 0.01 * unit(random), {us, us * 1.01, us * 0.99, us, us}};
      } else {
        m.outcome.kind = fate < 0.9999 ? OutcomeKind::rejected : OutcomeKind::crashed;
        m.outcome.detail = "spills 64 bytes";
      }
      m.provenance.taken_at_ms =
          1'700'000'000'000 + written * 1000 + static_cast<std::int64_t>(shape.seed);
      sqlite::put(database, run, m);
      if (m.outcome.timing && (!winner.measured_us || us < *winner.measured_us)) {
        winner.kernel = m.kernel;
        winner.measured_us = us;
        winner.predicted_us = m.predicted->us;
      }
    }
    if (!winner.measured_us) continue;
    winner.basis = Basis::measured;
    winner.decided_at_ms = m.provenance.taken_at_ms;
    const std::int64_t build = sqlite::put_build(database, sqlite::put(database, winner.kernel),
                                                 sqlite::put(database, m.toolchain));
    sqlite::put_winner(database,
                       {.op = static_cast<std::int64_t>(m.op),
                        .hardware = static_cast<std::int64_t>(m.hardware),
                        .policy = sqlite::put_policy(database, m.policy),
                        .build = build,
                        .run = static_cast<std::int64_t>(run)},
                       winner);
  }
  transaction.commit();
  store.end_run(run, RunState::finished);
}

}  // namespace perftune::bench
