#include "recipes/hardware.hpp"

namespace perftune {

std::optional<double> Hardware::measured_value(const std::string& key) const {
  const auto found = measured.find(key);
  if (found == measured.end()) return std::nullopt;
  return found->second.value;
}

double Hardware::dram_ceiling_gbps() const {
  return measured_value("dram_gbps").value_or(dram_gbps);
}

double Hardware::peak_tflops(DType type, Pipe pipe) const {
  const auto& peaks = pipe == Pipe::tensor ? tensor_tflops : scalar_tflops;
  const std::string key =
      (pipe == Pipe::tensor ? "tensor_" : "fma_") + std::string(perftune::name(type)) + "_tflops";
  if (const auto value = measured_value(key)) return *value;
  const auto found = peaks.find(type);
  return found == peaks.end() ? 0.0 : found->second;
}

}  // namespace perftune
