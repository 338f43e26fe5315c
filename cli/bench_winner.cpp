#include "cli/bench_winner.hpp"

#include <algorithm>

#include "cli/present_gpu.hpp"
#include "cli/trials.hpp"
#include "profiler/bench.hpp"
#include "profiler/device_probe.hpp"
#include "profiler/statistics.hpp"
#include "recipes/definition.hpp"
#include "recipes/error.hpp"

namespace perftune {

BenchSetup bench_setup(const Hardware& hardware, int threads, const Context& context) {
  BenchSetup setup{hardware, worker_options(context), policy_of(hardware, threads), std::nullopt};
  if (hardware.kind == Hardware::Kind::cpu) return setup;
  setup.device = present_device(hardware, context);
  if (!setup.device)
    throw Error(ErrorKind::unavailable, hardware.name + ": no such GPU here; baselines are measured on the device");
  setup.policy.timer = probe_device(setup.workers, *setup.device).clock;
  return setup;
}

const Benched::Baseline* Benched::fastest() const {
  const auto least = std::ranges::min_element(baselines, {}, &Baseline::us);
  return least == baselines.end() ? nullptr : &*least;
}

Benched bench_winner(const BenchSetup& setup, const Operator& op, const TileProgram& program,
                     std::string& failure) {
  const Subject subject{op, definition(op), setup.hardware, setup.policy, 1};
  const BenchedKernel measured = bench_kernel(setup.workers, subject, program, setup.device);
  Benched benched;
  benched.missing = measured.named.missing;
  if (measured.failure) {
    failure = std::string(name(measured.failure->kind)) + ": " + measured.failure->detail;
    return benched;
  }
  const InterleavedSamples& samples = measured.named.samples;
  benched.us = median(samples.kernels_us[0]);
  for (std::size_t i = 0; i < measured.named.names.size(); ++i)
    benched.baselines.push_back(
        {measured.named.names[i], measured.named.details[i], median(samples.kernels_us[i + 1]), compare(samples, i + 1)});
  return benched;
}

}  // namespace perftune
