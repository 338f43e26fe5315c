// What ptxas makes of the candidates that a tune would measure first: every contraction of suites and
// operator files, its best N programs by prediction on each GPU, those on tensor cores compiled.
//
// Usage: top_candidates [--top N] [--gpu NAME]... [--registers] FILE...
// Default: 10; t4, a100, h100, h200. Prints one line per program that spills, fails to compile or draws a
// performance warning, then a summary per GPU; exit code 1 when there is one. With --registers, every
// program's registers beside the estimate. Each (GPU, source) is compiled once.
#include <fmt/format.h>

#include <atomic>
#include <future>
#include <iostream>
#include <mutex>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "cli/wire.hpp"
#include "executor/nvrtc.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/rank.hpp"

using namespace perftune;

namespace {

struct Job {
  const Hardware* hardware;
  std::string what;  // operator and GPU
  std::size_t rank;
  Ranked candidate;
  Kernel kernel;
};

struct Options {
  std::size_t top = 10;
  bool registers = false;
  std::vector<std::string> gpus, files;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--registers") options.registers = true;
    else if (argument == "--top" && i + 1 < argc) options.top = std::stoul(argv[++i]);
    else if (argument == "--gpu" && i + 1 < argc) options.gpus.push_back(argv[++i]);
    else options.files.push_back(argument);
  }
  if (options.gpus.empty()) options.gpus = {"t4", "a100", "h100", "h200"};
  return options;
}

bool on_tensor_cores(const TileProgram& program) {
  return program.family == "contraction" &&
         (program.target == "cuda/mma" || program.target == "cuda/wgmma");
}

// The tensor-core programs among the best `top` of each operator.
std::vector<Job> jobs_of(const Options& options, const Slices& slices) {
  std::vector<Job> jobs;
  std::set<std::string> seen;
  for (const std::string& file : options.files)
    for (const OperatorPoint& point : read_operator_file(file))
      for (const std::string& gpu : options.gpus) {
        const Hardware& hardware = find_hardware(gpu);
        const auto ranking = rank(point.op, hardware, slices);
        for (std::size_t i = 0; i < std::min(options.top, ranking.candidates.size()); ++i) {
          const Ranked& one = ranking.candidates[i];
          if (!on_tensor_cores(one.program)) continue;
          Kernel kernel = slices.emitters().find(one.program)->emit(point.op, one.program, hardware);
          if (!seen.insert(hardware.arch + kernel.source).second) continue;
          jobs.push_back({&hardware, fmt::format("{} {}", point.op.name, gpu), i + 1, one, std::move(kernel)});
        }
      }
  return jobs;
}

}  // namespace

int main(int argc, char** argv) try {
  const Options options = parse(argc, argv);
  const Slices slices = make_slices();
  const std::vector<Job> jobs = jobs_of(options, slices);
  const Nvrtc nvrtc;
  std::mutex mutex;
  std::atomic<std::size_t> next{0};
  int bad = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < jobs.size(); i = next++) {
      const Job& job = jobs[i];
      const auto result = nvrtc.compile(job.kernel, job.hardware->arch);
      const std::scoped_lock lock(mutex);
      if (const auto* failure = std::get_if<Failure>(&result)) {
        ++bad;
        std::cout << fmt::format("{} rank {}: {}\n  {}\n", job.what, job.rank, failure->detail,
                                 job.candidate.program.text());
        continue;
      }
      const Resources& found = std::get<CompiledKernel>(result).resources;
      const bool wrong = found.spill_bytes > 0 || !found.warnings.empty();
      bad += wrong;
      if (wrong || options.registers)
        std::cout << fmt::format("{} rank {}: {} registers, {} expected, {} bytes spilled {}\n  {}\n", job.what,
                                 job.rank, found.registers, job.candidate.estimate.registers,
                                 found.spill_bytes, found.warnings.empty() ? "" : found.warnings.front(),
                                 job.candidate.program.text())
                  << std::flush;
    }
  };
  auto other = std::async(std::launch::async, work);
  work();
  other.get();
  std::cout << fmt::format("{} of {} distinct kernels spill, warn or fail\n", bad, jobs.size());
  return bad == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "top_candidates: " << error.what() << '\n';
  return 2;
}
