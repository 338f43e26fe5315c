// `perftune hardware list|show|detect|calibrate`: what devices look like to the model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/hardware_choice.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "executor/cpu_calibrate.hpp"
#include "executor/cpu_detect.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {
namespace {

void print_one(const Hardware& hardware, bool json, const Context& context) {
  if (json) {
    nlohmann::json document = hardware_json(hardware);
    document["schema"] = "perftune.hardware/1";
    context.print(document.dump(2) + "\n");
  } else {
    context.print(format_hardware(hardware));
  }
}

void list(bool json, const Context& context) {
  if (json) {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& hardware : hardware_catalogue()) all.push_back(hardware_json(hardware));
    context.print(nlohmann::json{{"schema", "perftune.hardware_list/1"}, {"hardware", all}}.dump(2) + "\n");
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

void calibrate(bool json, const Context& context) {
  const CpuTopology topology = this_cpu_topology();
  Hardware hardware = detect_cpu(topology);
  hardware.measured = calibrate_cpu(hardware, topology, CalibrationEffort::full, today());
  std::filesystem::create_directories(context.cache_folder);
  const std::string path = cpu_cache_path(context);
  std::ofstream out(path);
  out << format_hardware(hardware);
  out.close();
  if (!out) throw Error(ErrorKind::store, path + ": cannot be written");
  context.say("written to " + path + "; models and rooflines use it from now on");
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
    print_one(*name == "cpu" || *name == "cpu-local" ? local_cpu(context) : find_hardware(*name),
              *json, context);
  });
  auto* detect = command->add_subcommand("detect", "This machine's CPU, as detected");
  detect->callback([=, &context] { print_one(detect_cpu(this_cpu_topology()), *json, context); });
  auto* calibration = command->add_subcommand("calibrate", "Measure this machine's CPU ceilings");
  calibration->callback([=, &context] { calibrate(*json, context); });
  for (auto* sub : {list_command, show, detect, calibration}) add_json_option(*sub, *json);
}

}  // namespace perftune
