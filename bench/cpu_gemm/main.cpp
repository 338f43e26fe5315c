// cpu_gemm: perftune's kernels against the faster of oneDNN and OpenBLAS, f32.
//
//   cpu_gemm [--threads N] [--wanted N] [--top N] [--rounds N] [--list] SHAPE...
//
// For each SHAPE (problem.hpp): constructs candidates, compiles them, screens the `top` that the
// model ranks first, verifies the best against the oracle, and measures it interleaved with both
// libraries on the same buffers and as many threads. Prints a table, the geometric mean and the
// smallest ratio; --list also prints every candidate, predicted and measured.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "bench/cpu_gemm/arena.hpp"
#include "bench/cpu_gemm/problem.hpp"
#include "bench/cpu_gemm/vendor.hpp"
#include "codegen/cpu/contraction_emitter.hpp"
#include "codegen/cpu/headers.hpp"
#include "costmodel/contraction_cpu.hpp"
#include "executor/cpu_calibrate.hpp"
#include "executor/cpu_detect.hpp"
#include "executor/host_compiler.hpp"
#include "profiler/statistics.hpp"
#include "recipes/error.hpp"
#include "tuner/construct/contraction_cpu.hpp"

namespace perftune::bench {
namespace {

struct Options {
  int threads = 2, wanted = 40, top = 10, rounds = 21;
  bool list = false;
};

struct Candidate {
  TileProgram program;
  double predicted_us = 0, measured_us = 0;
  CompiledKernel compiled;
  Launch launch;
};

std::vector<Candidate> construct(const Operator& op, const Hardware& hardware,
                                 const Options& options) {
  const CpuContractionEmitter emitter;
  const ContractionCpuConstructor constructor(emitter);
  std::string why_not;
  std::vector<TileProgram> programs;
  std::vector<Resources> resources;
  for (Constructed& c : constructor.construct(op, hardware, options.wanted, why_not)) {
    programs.push_back(std::move(c.program));
    resources.push_back(emitter.estimate(op, programs.back(), hardware));
  }
  const auto predictions = ContractionCpuModel().predict(op, hardware, programs, resources);
  std::vector<Candidate> all;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    Candidate candidate{programs[i], predictions[i].us, 0, {}, emitter.bind(op, programs[i], hardware)};
    candidate.compiled.kernel = emitter.emit(op, programs[i], hardware);
    all.push_back(std::move(candidate));
  }
  std::ranges::stable_sort(all, {}, &Candidate::predicted_us);
  if (!options.list && all.size() > static_cast<std::size_t>(options.top))
    all.resize(static_cast<std::size_t>(options.top));
  return all;
}

void compile(std::vector<Candidate>& all, const Hardware& hardware, const HostCompiler& compiler) {
  const auto flags = cpu_compile_flags(hardware.cpu.isa);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < all.size(); i = next++) {
      auto result = compiler.compile(all[i].compiled.kernel.source, cpu_device_headers(), flags, 60);
      if (!result.ok) fmt::print(stderr, "{}: {}\n", all[i].program.text(), result.log);
      all[i].compiled.binary = std::move(result.binary);
    }
  };
  std::thread other(work);
  work();
  other.join();
}

struct Row {
  double ratio = 0;
};

Row compare(const Problem& problem, const Hardware& hardware, const Options& options,
            const HostCompiler& compiler) {
  const Operator op = operator_of(problem);
  std::vector<Candidate> all = construct(op, hardware, options);
  compile(all, hardware, compiler);

  Arena arena(op, hardware, options.threads);
  std::vector<Contender> screening;
  for (const Candidate& candidate : all)
    screening.push_back(arena.contender(candidate.program.text(), candidate.compiled, candidate.launch));
  contest(screening, 3, 1000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].measured_us = median(screening[i].us);
  if (options.list)
    for (const Candidate& c : all)
      fmt::print("  {:10.2f} {:10.2f}  {}\n", c.predicted_us, c.measured_us, c.program.text());

  // The few best again, longer: a screening time is the luckiest of many.
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return all[i].measured_us; });
  if (order.size() > 4) order.resize(4);
  std::vector<Contender> leaders;
  for (const std::size_t i : order) leaders.push_back({all[i].program.text(), screening[i].call, {}});
  contest(leaders, 9, 3000);
  std::size_t best = 0;
  for (std::size_t i = 1; i < leaders.size(); ++i)
    if (median(leaders[i].us) < median(leaders[best].us)) best = i;

  float *a = arena.data(0), *b = arena.data(1), *c = arena.data(2);
  std::vector<Contender> final{
      {"perftune", leaders[best].call, {}},
      {"oneDNN", [&] { run_onednn(problem, a, b, c); }, {}},
      {"OpenBLAS", [&] { run_openblas(problem, a, b, c); }, {}}};
  contest(final, options.rounds, 3000);
  const std::size_t faster = median(final[1].us) < median(final[2].us) ? 1 : 2;
  Row row{median(ratios(final[faster].us, final[0].us))};
  const Candidate& winner = all[order[best]];
  fmt::print("{:28} {:10.2f} {:10.2f} {:10.2f}  {:6.3f}  {}\n", problem.label, median(final[0].us),
             median(final[1].us), median(final[2].us), row.ratio, winner.program.text());
  std::fflush(stdout);
  arena.verify(winner.compiled, winner.launch, problem.label);
  return row;
}

int run(const Options& options, const std::vector<std::string>& shapes) {
  start_vendors(options.threads);
  const auto compiler = HostCompiler::find();
  if (!compiler) throw Error(ErrorKind::unavailable, "no C++ compiler");
  const CpuTopology topology = this_cpu_topology();
  Hardware hardware = detect_cpu(topology);
  hardware.measured = calibrate_cpu(hardware, topology, CalibrationEffort::quick, "");
  hardware.cpu.cores = options.threads;
  fmt::print("{} threads, us; ratio: the faster library's time over perftune's\n", options.threads);
  fmt::print("{:28} {:>10} {:>10} {:>10}  {:>6}  winner\n", "shape", "perftune", "oneDNN",
             "OpenBLAS", "ratio");
  double log_sum = 0, least = 1e9;
  for (const std::string& shape : shapes) {
    const Row row = compare(parse_problem(shape), hardware, options, *compiler);
    log_sum += std::log(row.ratio);
    least = std::min(least, row.ratio);
  }
  fmt::print("geometric mean {:.3f}, smallest {:.3f}, {} shapes\n",
             std::exp(log_sum / static_cast<double>(shapes.size())), least, shapes.size());
  return 0;
}

}  // namespace
}  // namespace perftune::bench

int main(int argc, char** argv) {
  // OpenBLAS' threads spin for 26 ms after a call, on the core that the next contender needs; it
  // reads how long only while it is loaded.
  if (std::getenv("OPENBLAS_THREAD_TIMEOUT") == nullptr) {
    setenv("OPENBLAS_THREAD_TIMEOUT", "16", 1);
    execv("/proc/self/exe", argv);
  }
  perftune::bench::Options options;
  std::vector<std::string> shapes;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::atoi(argv[++i]) : 0; };
    if (word == "--threads") options.threads = number();
    else if (word == "--wanted") options.wanted = number();
    else if (word == "--top") options.top = number();
    else if (word == "--rounds") options.rounds = number();
    else if (word == "--list") options.list = true;
    else shapes.push_back(word);
  }
  if (shapes.empty() || options.threads < 1) {
    fmt::print(stderr, "usage: cpu_gemm [--threads N] [--wanted N] [--top N] [--rounds N] [--list] "
                       "SHAPE...\n");
    return 2;
  }
  try {
    return perftune::bench::run(options, shapes);
  } catch (const perftune::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return error.exit_code();
  }
}
