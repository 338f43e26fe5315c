// `perftune hardware list|show|detect|calibrate`: what devices look like to the model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/hardware_choice.hpp"
#include "cli/json_text.hpp"
#include "cli/present_gpu.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "cli/trials.hpp"
#include "executor/cpu_calibrate.hpp"
#include "executor/cpu_detect.hpp"
#include "profiler/device_probe.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {
namespace {

void print_one(const Hardware& hardware, bool json, const Context& context) {
  if (json) {
    nlohmann::json document = hardware_json(hardware);
    document["schema"] = "perftune.hardware/1";
    context.print(json_text(document));
  } else {
    context.print(format_hardware(hardware));
  }
}

void list(bool json, const Context& context) {
  if (json) {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& hardware : hardware_catalogue()) all.push_back(hardware_json(hardware));
    context.print(json_text(nlohmann::json{{"schema", "perftune.hardware_list/1"}, {"hardware", all}}));
    return;
  }
  TextTable table({"name", "also", "arch", ">SMs", ">DRAM GB/s", ">f32 TFLOP/s", ">f16 tensor", "note"});
  for (const auto& h : hardware_catalogue())
    table.add({h.name, fmt::format("{}", fmt::join(h.aliases, " ")), h.arch, fmt::format("{}", h.sms),
               fmt::format("{:.0f}", h.dram_gbps),
               fmt::format("{:.3g}", h.peak_tflops(DType::f32, Pipe::scalar)),
               fmt::format("{:.4g}", h.peak_tflops(DType::f16, Pipe::tensor)), h.note});
  context.print(table.text());
}

void write_calibration(const Hardware& hardware, const std::string& path, const Context& context) {
  std::filesystem::create_directories(context.cache_folder);
  std::ofstream out(path);
  out << format_hardware(hardware);
  out.close();
  if (!out) throw Error(ErrorKind::store, path + ": cannot be written");
  context.say("written to " + path + "; models and rooflines use it from now on");
}

void calibrate_present_gpu(const HardwareChoice& choice, double seconds_per_value, bool json, const Context& context) {
  Hardware hardware = choice.resolve(context);
  const auto device = present_device(hardware, context);
  if (!device) throw Error(ErrorKind::unavailable, hardware.name + ": no such GPU here; its ceilings are measured on it");
  for (const auto& [key, value] : calibrate_device(worker_options(context), hardware, *device, today(), seconds_per_value))
    hardware.measured[key] = value;
  write_calibration(hardware, gpu_cache_path(hardware, context), context);
  print_one(hardware, json, context);
}

void calibrate(bool json, const Context& context) {
  const CpuTopology topology = this_cpu_topology();
  Hardware hardware = detect_cpu(topology);
  hardware.measured = calibrate_cpu(hardware, topology, CalibrationEffort::full, today());
  write_calibration(hardware, cpu_cache_path(context), context);
  print_one(hardware, json, context);
}

}  // namespace

void add_hardware(CLI::App& app, Context& context) {
  auto json = std::make_shared<bool>(false);
  auto name = std::make_shared<std::string>();
  auto choice = std::make_shared<HardwareChoice>();
  auto* command = app.add_subcommand("hardware", "Devices as data: limits, peaks, measured ceilings");
  command->require_subcommand(1);
  auto* list_command = command->add_subcommand("list", "The catalogue");
  list_command->callback([=, &context] { list(*json, context); });
  auto* show = command->add_subcommand("show", "One device, every number");
  show->add_option("name", *name, "Name or alias; `cpu` for this machine's processor")->required();
  show->callback([=, &context] {
    print_one(*name == "cpu" || *name == "cpu-local" ? local_cpu(context) : calibrated(find_hardware(*name), context),
              *json, context);
  });
  auto* detect = command->add_subcommand("detect", "This machine's CPU as detected, or the GPU that --gpu finds here");
  choice->add_options(*detect);
  detect->callback([=, &context] {
    if (choice->gpu.empty()) return print_one(detect_cpu(this_cpu_topology()), *json, context);
    const Hardware hardware = choice->resolve(context);
    if (!present_device(hardware, context)) throw Error(ErrorKind::unavailable, hardware.name + ": no such GPU here");
    print_one(hardware, *json, context);
  });
  auto seconds = std::make_shared<double>(0);
  auto* calibration = command->add_subcommand("calibrate", "Measure the ceilings of this machine's CPU, or of --gpu NAME");
  choice->add_options(*calibration);
  calibration->add_option("--seconds-per-value", *seconds, "Of a GPU (default 0.15)")->check(CLI::PositiveNumber);
  calibration->callback([=, &context] {
    choice->gpu.empty() ? calibrate(*json, context) : calibrate_present_gpu(*choice, *seconds, *json, context);
  });
  for (auto* sub : {list_command, show, detect, calibration}) add_json_option(*sub, *json);
}

}  // namespace perftune
