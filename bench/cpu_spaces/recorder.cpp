#include "bench/cpu_spaces/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "bench/cpu_ops/cases.hpp"
#include "bench/cpu_spaces/spaces.hpp"
#include "cli/wire.hpp"
#include "codegen/cpu/headers.hpp"
#include "db/records.hpp"
#include "executor/cpu_calibrate.hpp"
#include "executor/cpu_detect.hpp"
#include "executor/cpu_device.hpp"
#include "executor/host_compiler.hpp"
#include "executor/verification.hpp"
#include "profiler/statistics.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSampleUs = 150;  // short kernels repeat within a sample
constexpr double kWarmUs = 2000;
constexpr int kScreened = 5, kRounds = 11;

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) throw Error(ErrorKind::usage, path + ": cannot be read");
  return text.str();
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::string object(const std::string& folder, std::size_t space, std::size_t program) {
  return fmt::format("{}/{}_{}.so", folder, space, program);
}

double sample_us(const PreparedKernel& kernel, int calls) {
  const auto start = Clock::now();
  for (int i = 0; i < calls; ++i) kernel.call();
  return us_since(start) / calls;
}

// Warms up; returns how many calls make one sample.
int repeats(const PreparedKernel& kernel) {
  const auto start = Clock::now();
  int calls = 0;
  do {
    kernel.call();
    ++calls;
  } while (us_since(start) < kWarmUs);
  return std::max(1, static_cast<int>(kSampleUs * calls / us_since(start)));
}

std::vector<double> medians_of_rounds(const std::vector<PreparedKernel>& kernels, const std::vector<int>& calls,
                                      std::mt19937_64& random) {
  std::vector<std::vector<double>> samples(kernels.size());
  std::vector<std::size_t> order(kernels.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (int round = 0; round < kRounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t i : order) {
      kernels[i].call();  // what the one before left in the caches
      samples[i].push_back(sample_us(kernels[i], calls[i]));
    }
  }
  std::vector<double> out;
  for (const auto& of_kernel : samples) out.push_back(median(of_kernel));
  return out;
}

std::string time_space(const std::string& folder, std::size_t at, const Hardware& hardware, const Slices& slices) {
  const std::string& name = space_names()[at];
  const Operator op = operator_of(parse_case(name));
  const Ranking ranking = rank(op, hardware, slices);
  Verifier verifier(op, 1);
  CpuDevice device(hardware, hardware.cpu.cores);
  std::vector<std::span<const std::byte>> inputs;
  for (const auto& input : verifier.inputs()) inputs.emplace_back(input);
  device.load(op, inputs);
  std::vector<PreparedKernel> kernels;
  for (std::size_t i = 0; i < ranking.candidates.size(); ++i) {
    const TileProgram& program = ranking.candidates[i].program;
    const Emitter& emitter = *slices.emitters().find(program);
    CompiledKernel compiled{emitter.emit(op, program, hardware), read(object(folder, at, i)), {}};
    Failure failure;
    auto kernel = device.prepare(compiled, emitter.bind(op, program, hardware), failure);
    if (!kernel) throw Error(ErrorKind::internal, failure.detail);
    kernels.push_back(std::move(*kernel));
  }
  std::vector<RecordedTimes> times(kernels.size());
  std::vector<int> calls(kernels.size());
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    calls[i] = repeats(kernels[i]);
    std::vector<double> samples;
    for (int s = 0; s < kScreened; ++s) samples.push_back(sample_us(kernels[i], calls[i]));
    times[i].screened_us = median(samples);
  }
  std::mt19937_64 random(at);
  const std::vector<double> confirmed = medians_of_rounds(kernels, calls, random);
  const std::vector<double> repeated = medians_of_rounds(kernels, calls, random);
  std::string text;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    times[i].confirmed_us = confirmed[i];
    times[i].repeated_us = repeated[i];
    text += row(name, ranking.candidates[i].program, times[i]);
  }
  return text;
}

}  // namespace

void write_hardware(const std::string& folder) {
  std::filesystem::create_directories(folder);
  const CpuTopology topology = this_cpu_topology();
  Hardware hardware = detect_cpu(topology);
  hardware.measured = calibrate_cpu(hardware, topology, CalibrationEffort::quick, "");
  write(folder + "/hardware.yaml", describe(hardware).description);
}

Hardware recorded_hardware(const std::string& folder) {
  const std::string path = folder + "/hardware.yaml";
  return parse_hardware(read(path), path);
}

void compile_spaces(const std::string& folder, int threads) {
  const Hardware hardware = recorded_hardware(folder);
  const auto compiler = HostCompiler::find();
  if (!compiler) throw Error(ErrorKind::unavailable, "no C++ compiler");
  const Slices slices = make_slices();
  for (std::size_t at = 0; at < space_names().size(); ++at) {
    if (std::filesystem::exists(fmt::format("{}/{}.csv", folder, at))) continue;  // timed already
    const Operator op = operator_of(parse_case(space_names()[at]));
    const Ranking ranking = rank(op, hardware, slices);
    if (ranking.candidates.empty()) throw Error(ErrorKind::no_candidate, space_names()[at] + ": " + ranking.why_not);
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t i = next++; i < ranking.candidates.size(); i = next++) {
        if (std::filesystem::exists(object(folder, at, i))) continue;
        const TileProgram& program = ranking.candidates[i].program;
        const std::string source = slices.emitters().find(program)->emit(op, program, hardware).source;
        const auto result = compiler->compile(source, cpu_device_headers(), cpu_compile_flags(hardware.cpu.isa), 60);
        if (result.ok) write(object(folder, at, i), result.binary);
        else fmt::print(stderr, "{}: {}\n", program.text(), result.log);
      }
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    fmt::print(stderr, "{:2}  {:4} candidates  {}\n", at, ranking.candidates.size(), space_names()[at]);
  }
}

int time_spaces(const std::string& folder, double seconds) {
  const auto start = Clock::now();
  const Hardware hardware = recorded_hardware(folder);
  const Slices slices = make_slices();
  int left = 0;
  for (std::size_t at = 0; at < space_names().size(); ++at) {
    const std::string file = fmt::format("{}/{}.csv", folder, at);
    if (std::filesystem::exists(file)) continue;
    if (us_since(start) > seconds * 1e6) ++left;
    else write(file, time_space(folder, at, hardware, slices));
  }
  return left;
}

std::string join(const std::string& folder) {
  std::string text = header();
  for (std::size_t at = 0; at < space_names().size(); ++at) text += read(fmt::format("{}/{}.csv", folder, at));
  return text;
}

}  // namespace perftune::bench
