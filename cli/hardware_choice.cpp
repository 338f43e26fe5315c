#include "cli/hardware_choice.hpp"

#include <fmt/chrono.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/present_gpu.hpp"
#include "executor/cpu_calibrate.hpp"
#include "executor/cpu_detect.hpp"
#include "recipes/cpu_threads.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {

namespace fs = std::filesystem;

void HardwareChoice::add_options(CLI::App& command) {
  command.add_option("--gpu", gpu, "GPU of the catalogue (`perftune hardware list`), or local");
  command.add_flag("--cpu", cpu, "This machine's CPU");
  command.add_option("--threads", threads, "CPU threads, pinned (default: all cores)")
      ->check(CLI::Range(1, 1024));
}

Hardware HardwareChoice::resolve(const Context& context) const {
  if (cpu != gpu.empty())
    throw Error(ErrorKind::usage, cpu ? "--cpu and --gpu exclude each other; give one"
                                      : "no device named; give --gpu NAME, --gpu local or --cpu");
  if (cpu) {
    const Hardware whole = local_cpu(context);
    if (threads > whole.cpu.cores)
      context.say(fmt::format("perftune: --threads {}: there are {} cores to use, so threads wait for each other; times say little",
                              threads, whole.cpu.cores));
    return with_threads(whole, threads);
  }
  return calibrated(gpu == "local" ? local_gpu(context) : find_hardware(gpu), context);
}

std::string today() {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
}

std::string cpu_cache_path(const Context& context) { return context.cache_folder + "/cpu.yaml"; }

std::string gpu_cache_path(const Hardware& hardware, const Context& context) {
  return context.cache_folder + "/gpu_" + hardware.name + ".yaml";
}

Hardware calibrated(Hardware hardware, const Context& context) {
  const std::string path = gpu_cache_path(hardware, context);
  std::ifstream in(path);
  if (!in) return hardware;
  std::stringstream text;
  text << in.rdbuf();
  try {
    const Hardware cached = parse_hardware(text.str(), path);
    if (cached.vendor_name != hardware.vendor_name || cached.arch != hardware.arch) return hardware;
    hardware.measured = cached.measured;
    hardware.launch_us_stream = hardware.measured_value("launch_us_stream").value_or(hardware.launch_us_stream);
    hardware.launch_us_graph = hardware.measured_value("launch_us_graph").value_or(hardware.launch_us_graph);
  } catch (const Error&) {
    // Written by an older version or cut short: the catalogue's numbers stand.
  }
  return hardware;
}

Hardware local_cpu(const Context& context) {
  const CpuTopology topology = this_cpu_topology();
  const Hardware detected = detect_cpu(topology);
  const std::string path = cpu_cache_path(context);
  if (std::ifstream in(path); in) {
    std::stringstream text;
    text << in.rdbuf();
    try {
      Hardware cached = parse_hardware(text.str(), path);
      // Another machine may share the home folder: the cache counts for this processor only.
      if (cached.vendor_name == detected.vendor_name && cached.sms == detected.sms &&
          cached.arch == detected.arch)
        return cached;
    } catch (const Error&) {
      // Written by an older version or cut short: measured again below.
    }
  }
  Hardware calibrated = detected;
  calibrated.measured = calibrate_cpu(detected, topology, CalibrationEffort::quick, today());
  std::error_code ignored;  // an unwritable cache costs a second next time, nothing else
  fs::create_directories(context.cache_folder, ignored);
  std::ofstream(path) << format_hardware(calibrated);
  return calibrated;
}

}  // namespace perftune
