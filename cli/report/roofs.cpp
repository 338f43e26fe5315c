#include "cli/report/roofs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

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

Bound warm_bound(const Roofline& line, const Hardware& hardware) {
  Bound bound{line.compulsory_bytes / hardware.dram_ceiling_gbps() * 1e-3, "dram"};
  const double cores = hardware.cpu.cores;
  const std::tuple<const char*, const char*, double> levels[] = {
      {"l3", "l3_gbps", static_cast<double>(hardware.cpu.l3_bytes)},
      {"l2", "l2_gbps", static_cast<double>(hardware.cpu.l2_bytes) * cores},
      {"l1", "l1_gbps", static_cast<double>(hardware.cpu.l1_bytes) * cores}};
  for (const auto& [name, key, capacity] : levels)
    if (const auto gbps = hardware.measured_value(key); gbps && line.compulsory_bytes <= capacity)
      bound = {line.compulsory_bytes / *gbps * 1e-3, name};
  for (const Ceiling& ceiling : line.ceilings) {
    const double us = ceiling.memory ? 0 : line.flops / ceiling.rate * 1e-6;
    if (us > bound.us) bound = {us, ceiling.name};
  }
  return bound;
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
