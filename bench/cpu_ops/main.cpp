// cpu_ops: perftune's kernels of memory-bound operators and of convolution against oneDNN, f32.
//
//   cpu_ops [--threads N] [--top N] [--rounds N] [--list] [--processor-time] [--source FILE] [maps | nhwc | nchw | CASE...]
//
// For each CASE (cases.hpp; without any, a list of common shapes; maps, nhwc and nchw: such lists of the map
// family and of convolution in a layout): constructs and ranks candidates of
// every family that takes the operator, compiles and screens the `top` first, and measures the best
// interleaved with oneDNN on the same buffers and as many threads; then verifies it against the
// oracle. Prints a table of the least times of the rounds, the geometric mean and the smallest ratio; for winners that the model calls memory
// bound, the share of their memory level's measured ceiling; --list
// every candidate too; --source writes the last winner's text; --processor-time compares
// the least processor time (contest.hpp): for work on a busy machine, not for a table.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "bench/cpu_gemm/arena.hpp"
#include "bench/cpu_ops/cases.hpp"
#include "bench/cpu_ops/ceiling.hpp"
#include "bench/cpu_ops/onednn.hpp"
#include "bench/cpu_ops/onednn_convolutions.hpp"
#include "bench/cpu_ops/onednn_maps.hpp"
#include "cli/wire.hpp"
#include "codegen/cpu/headers.hpp"
#include "executor/cpu_calibrate.hpp"
#include "executor/cpu_detect.hpp"
#include "executor/host_compiler.hpp"
#include "profiler/statistics.hpp"
#include "recipes/error.hpp"
#include "tuner/rank.hpp"

namespace perftune::bench {
namespace {

struct Options {
  int threads = 2, top = 8, rounds = 15;
  bool list = false;
  Clock clock = Clock::wall;
  std::string source;
};

struct Candidate {
  const Ranked* ranked = nullptr;
  CompiledKernel compiled;
  Launch launch;
  double measured_us = 0;
};

std::vector<Candidate> compile(const Operator& op, const Ranking& ranking, const Hardware& hardware,
                               const Slices& slices, const Options& options, const HostCompiler& compiler) {
  std::vector<Candidate> all;
  for (const Ranked& ranked : ranking.candidates) {
    if (all.size() >= static_cast<std::size_t>(options.top)) break;
    const Emitter& emitter = *slices.emitters().find(ranked.program);
    Candidate c{&ranked, {}, emitter.bind(op, ranked.program, hardware)};
    c.compiled.kernel = emitter.emit(op, ranked.program, hardware);
    auto result = compiler.compile(c.compiled.kernel.source, cpu_device_headers(),
                                   cpu_compile_flags(hardware.cpu.isa), 60);
    if (!result.ok) throw Error(ErrorKind::internal, ranked.program.text() + ": " + result.log);
    c.compiled.binary = std::move(result.binary);
    all.push_back(std::move(c));
  }
  return all;
}

// The least of the rounds, for either side: after a pause the system now and then puts two threads of a team
// on one processor, which costs whoever it happens to a whole time slice per call.
double figure(const std::vector<double>& us) {
  return *std::min_element(us.begin(), us.end());
}

struct Comparison {
  double ratio = 0;       // oneDNN's time over perftune's
  double of_ceiling = 0;  // of the memory level's measured bandwidth; 0: not memory bound
};

Comparison compare(const Case& the_case, const Hardware& hardware, const Slices& slices, const Options& options,
               const HostCompiler& compiler) {
  const Operator op = operator_of(the_case);
  const Ranking ranking = rank(op, hardware, slices);
  if (ranking.candidates.empty()) throw Error(ErrorKind::no_candidate, the_case.text + ": " + ranking.why_not);
  std::vector<Candidate> all = compile(op, ranking, hardware, slices, options, compiler);

  Arena arena(op, hardware, options.threads);
  std::vector<Contender> screening;
  for (const Candidate& candidate : all)
    screening.push_back(arena.contender(candidate.ranked->program.text(), candidate.compiled, candidate.launch));
  contest(screening, 5, 2000, options.clock);
  std::size_t best = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].measured_us = figure(screening[i].us);
    if (all[i].measured_us < all[best].measured_us) best = i;
    if (options.list)
      fmt::print("  {:10.2f} {:10.2f}  {}\n", all[i].ranked->prediction.us, all[i].measured_us, screening[i].name);
  }

  if (!options.source.empty()) std::ofstream(options.source) << all[best].compiled.kernel.source;

  std::vector<float*> buffers;
  for (const int input : op.inputs()) buffers.push_back(arena.data(input));
  float* output = arena.data(op.outputs().at(0));
  std::vector<Contender> final{{"perftune", screening[best].call, {}},
                               {"oneDNN", onednn_call(the_case, buffers, output), {}}};
  if (!final[1].call) throw Error(ErrorKind::usage, the_case.op + ": no primitive to compare with");
  const bool convolution = the_case.op == "conv2d" || the_case.op == "depthwise_conv2d";
  if (convolution)
    final.push_back({"oneDNN, same layout", onednn_convolution_call(the_case, ConvolutionLayout::as_given), {}});
  contest(final, options.rounds, 3000, options.clock);
  const double ours = figure(final[0].us), theirs = figure(final[1].us);
  const double ratio = theirs / ours;
  fmt::print("{:76} {:10.2f} {:10.2f}  {:6.3f} {:7.1f} {:7.1f}  {}", the_case.text, ours, theirs, ratio,
             op.compulsory_bytes() / ours * 1e-3, op.flops() / ours * 1e-3, screening[best].name);
  Comparison result{ratio, 0};
  const Ceiling ceiling = ceiling_of(op, hardware, options.threads);
  // A contraction's tiles read their operands many times: compulsory bytes say nothing.
  if (all[best].ranked->program.family != "contraction" && memory_bound(all[best].ranked->prediction) && ceiling.gbps > 0) {
    result.of_ceiling = op.compulsory_bytes() / ours * 1e-3 / ceiling.gbps;
    fmt::print("; {:.2f} of {} {:.0f} GB/s", result.of_ceiling, ceiling.level, ceiling.gbps);
  }
  if (convolution) fmt::print("; oneDNN in the same layout {:.2f}", figure(final[2].us));
  fmt::print("\n");
  std::fflush(stdout);
  arena.verify(all[best].compiled, all[best].launch, the_case.text);
  return result;
}

int run(const Options& options, const std::vector<std::string>& cases) {
  start_onednn(options.threads);
  const auto compiler = HostCompiler::find();
  if (!compiler) throw Error(ErrorKind::unavailable, "no C++ compiler");
  const CpuTopology topology = this_cpu_topology();
  Hardware hardware = detect_cpu(topology);
  hardware.measured = calibrate_cpu(hardware, topology, CalibrationEffort::quick, "");
  hardware.cpu.cores = options.threads;
  const Slices slices = make_slices();
  fmt::print("{} threads, us; ratio: oneDNN's time over perftune's; GB/s of compulsory bytes; GFLOP/s\n", options.threads);
  fmt::print("{:76} {:>10} {:>10}  {:>6} {:>7} {:>7}  winner\n", "case", "perftune", "oneDNN", "ratio", "GB/s", "GFLOP/s");
  double log_sum = 0, least = 1e9, least_of_ceiling = 1e9;
  int bound = 0, near = 0;
  for (const std::string& text : cases) {
    const Comparison c = compare(parse_case(text), hardware, slices, options, *compiler);
    log_sum += std::log(c.ratio);
    least = std::min(least, c.ratio);
    if (c.of_ceiling == 0) continue;
    ++bound, near += c.of_ceiling >= 0.8;
    least_of_ceiling = std::min(least_of_ceiling, c.of_ceiling);
  }
  fmt::print("geometric mean {:.3f}, smallest {:.3f}, {} cases\n",
             std::exp(log_sum / static_cast<double>(cases.size())), least, cases.size());
  if (bound > 0)
    fmt::print("memory-bound winners: {}, at 0.8 of their level's ceiling or above: {}, smallest {:.2f}\n", bound, near,
               least_of_ceiling);
  return 0;
}

}  // namespace
}  // namespace perftune::bench

int main(int argc, char** argv) {
  perftune::bench::Options options;
  std::vector<std::string> cases;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::atoi(argv[++i]) : 0; };
    if (word == "--threads") options.threads = number();
    else if (word == "--top") options.top = number();
    else if (word == "--rounds") options.rounds = number();
    else if (word == "--list") options.list = true;
    else if (word == "--processor-time") options.clock = perftune::bench::Clock::processor;
    else if (word == "--source") options.source = i + 1 < argc ? argv[++i] : "";
    else if (word.starts_with("--")) options.threads = 0;
    else cases.push_back(word);
  }
  if (options.threads < 1) {
    fmt::print(stderr, "usage: cpu_ops [--threads N] [--top N] [--rounds N] [--list] [--processor-time] [--source FILE] [maps | nhwc | nchw | CASE]...\n");
    return 2;
  }
  try {
    using namespace perftune::bench;
    if (cases.empty()) cases = default_cases();
    else if (cases == std::vector<std::string>{"maps"}) cases = map_cases();
    else if (cases.size() == 1 && (cases[0] == "nhwc" || cases[0] == "nchw")) cases = convolution_cases(cases[0]);
    return run(options, cases);
  } catch (const perftune::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return error.exit_code();
  }
}
