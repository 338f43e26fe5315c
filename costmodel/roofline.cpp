#include "costmodel/roofline.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace perftune {
namespace {

// Type whose peak counts: that of the first input, as operands of one operator share it.
DType multiply_type(const Operator& op) {
  for (const Tensor& tensor : op.tensors)
    if (tensor.role == Tensor::Role::input) return tensor.type;
  return op.accumulate;
}

void add_peak(std::vector<Ceiling>& ceilings, const Hardware& hardware, DType type, Pipe pipe) {
  const double peak = hardware.peak_tflops(type, pipe);
  if (peak <= 0) return;
  const std::string unit = pipe == Pipe::tensor ? "tensor " : "scalar ";
  ceilings.push_back({unit + std::string(name(type)), false, peak, false});
}

std::vector<Ceiling> ceilings_of(const Operator& op, const Hardware& hardware) {
  std::vector<Ceiling> ceilings;
  const DType type = multiply_type(op);
  add_peak(ceilings, hardware, type, Pipe::tensor);
  add_peak(ceilings, hardware, type, Pipe::scalar);
  if (ceilings.empty()) add_peak(ceilings, hardware, op.accumulate, Pipe::scalar);
  ceilings.push_back({"dram", true, hardware.dram_ceiling_gbps(),
                      hardware.measured_value("dram_gbps").has_value()});
  const auto l2 = hardware.measured_value("l2_gbps");
  if (l2 || hardware.l2_gbps > 0)
    ceilings.push_back({"l2", true, l2.value_or(hardware.l2_gbps), l2.has_value()});
  return ceilings;
}

// The level that the compulsory bytes come from.
Ceiling binding_memory(double bytes, const Hardware& hardware, bool warm) {
  Ceiling memory{"dram", true, hardware.dram_ceiling_gbps(), hardware.measured_value("dram_gbps").has_value()};
  if (!warm || hardware.kind != Hardware::Kind::cpu) return memory;
  const double cores = hardware.cpu.cores;
  const std::tuple<const char*, const char*, double> levels[] = {
      {"l3", "l3_gbps", static_cast<double>(hardware.cpu.l3_bytes)},
      {"l2", "l2_gbps", static_cast<double>(hardware.cpu.l2_bytes) * cores},
      {"l1", "l1_gbps", static_cast<double>(hardware.cpu.l1_bytes) * cores}};
  for (const auto& [name, key, capacity] : levels)
    if (const auto gbps = hardware.measured_value(key); gbps && bytes <= capacity) memory = {name, true, *gbps, true};
  return memory;
}

}  // namespace

double attainable_tflops(const Ceiling& ceiling, double intensity) {
  return ceiling.memory ? intensity * ceiling.rate / 1e3 : ceiling.rate;
}

Roofline roofline(const Operator& op, const Hardware& hardware, bool warm) {
  Roofline result;
  result.flops = op.flops();
  result.compulsory_bytes = op.compulsory_bytes();
  result.intensity = result.flops / std::max(1.0, result.compulsory_bytes);
  result.ceilings = ceilings_of(op, hardware);

  // The best pipe is a choice, the memory is not; L2 does not bind compulsory traffic from DRAM.
  double peak = 0;
  for (const Ceiling& c : result.ceilings) {
    if (c.memory || c.rate <= peak) continue;
    peak = c.rate;
    result.limiter = c.name;
  }
  result.attainable_tflops = peak > 0 ? peak : std::numeric_limits<double>::infinity();
  const Ceiling memory = binding_memory(result.compulsory_bytes, hardware, warm);
  const double rate = attainable_tflops(memory, result.intensity);
  if (rate < result.attainable_tflops) {
    result.attainable_tflops = rate;
    result.limiter = memory.name;
  }
  result.seconds = result.flops > 0 ? result.flops / (result.attainable_tflops * 1e12)
                                    : result.compulsory_bytes / (memory.rate * 1e9);
  return result;
}

}  // namespace perftune
