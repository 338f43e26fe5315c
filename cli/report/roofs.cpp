#include "cli/report/roofs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace perftune {
namespace {

void add(std::vector<Roof>& roofs, const std::string& name, bool memory, double rate, bool measured) {
  if (rate > 0) roofs.push_back({name, memory, rate, measured});
}

void add_level(std::vector<Roof>& roofs, const Hardware& hardware, const std::string& name,
               const std::string& key, double datasheet_gbps) {
  add(roofs, name, true, datasheet_gbps, false);
  add(roofs, name, true, hardware.measured_value(key).value_or(0), true);
}

void add_peak(std::vector<Roof>& roofs, const Hardware& hardware, DType type, Pipe pipe) {
  const bool tensor = pipe == Pipe::tensor;
  const auto& peaks = tensor ? hardware.tensor_tflops : hardware.scalar_tflops;
  const std::string type_name(name(type));
  const std::string roof = (tensor ? "tensor " : "FMA ") + type_name;
  if (const auto found = peaks.find(type); found != peaks.end())
    add(roofs, roof, false, found->second, false);
  const std::string key = (tensor ? "tensor_" : "fma_") + type_name + "_tflops";
  add(roofs, roof, false, hardware.measured_value(key).value_or(0), true);
}

}  // namespace

std::vector<Roof> roofs_of(const Hardware& hardware, const std::set<DType>& types) {
  std::vector<Roof> roofs;
  const bool cpu = hardware.kind == Hardware::Kind::cpu;
  add_level(roofs, hardware, "dram", "dram_gbps", hardware.dram_gbps);
  if (cpu) add_level(roofs, hardware, "l3", "l3_gbps", 0);
  add_level(roofs, hardware, "l2", "l2_gbps", hardware.l2_gbps);
  // Shared memory: bytes per clock and SM, on every SM, at the boost clock.
  const double shared_gbps =
      cpu ? 0 : hardware.sm.shared_bytes_per_clock * hardware.boost_ghz * hardware.sms;
  add_level(roofs, hardware, cpu ? "l1" : "shared", "l1_gbps", shared_gbps);
  for (const DType type : types) {
    add_peak(roofs, hardware, type, Pipe::scalar);
    add_peak(roofs, hardware, type, Pipe::tensor);
  }
  return roofs;
}

std::string impossible_because(const RooflinePoint& point, const std::vector<Roof>& roofs,
                               double tolerance) {
  if (point.us <= 0) return "";
  const Roof* peak = nullptr;
  const Roof* memory = nullptr;
  for (const Roof& roof : roofs) {
    const Roof*& best = roof.memory ? memory : peak;
    if (roof.memory && !point.warm && roof.name != "dram") continue;
    if (best == nullptr || roof.rate > best->rate) best = &roof;
  }
  const auto passes = [&](const Roof* roof, double rate, const char* unit) -> std::string {
    if (roof == nullptr || rate <= roof->rate * (1 + tolerance)) return "";
    return fmt::format("{:.4g} {} is {:.3g} times the {} ceiling of {:.4g}: a unit or counting error",
                       rate, unit, rate / roof->rate, roof->name, roof->rate);
  };
  const std::string why = passes(peak, point.flops / point.us * 1e-6, "TFLOP/s");
  return !why.empty() ? why : passes(memory, point.bytes / point.us * 1e-3, "GB/s");
}

}  // namespace perftune
