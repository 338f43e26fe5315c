#include <fmt/format.h>

#include <array>

#include "db/origins.hpp"
#include "db/records.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {

HardwareRecord describe(const Hardware& hardware) {
  const bool cpu = hardware.kind == Hardware::Kind::cpu;
  return {.name = hardware.name,
          .vendor_name = hardware.vendor_name,
          .kind = cpu ? "cpu" : "gpu",
          .arch = hardware.arch,
          .units = hardware.sms,
          .description = format_hardware(hardware)};
}

OperatorRecord describe(const Operator& op, std::string_view family, std::string_view definition) {
  const std::vector<int> inputs = op.inputs();
  const int typed = inputs.empty() ? op.outputs().at(0) : inputs.front();
  return {.signature = op.signature(),
          .structure = op.structure(),
          .name = op.name,
          .family = std::string(family),
          .dtype = std::string(name(op.tensors.at(static_cast<std::size_t>(typed)).type)),
          .dims = op.dims,
          .flops = op.flops(),
          .compulsory_bytes = op.compulsory_bytes(),
          .definition = std::string(definition)};
}

KernelRecord describe(const Kernel& kernel) {
  return {.id = kernel.id(),
          .family = kernel.program.family,
          .target = kernel.program.target,
          .program = kernel.program.text(),
          .language = kernel.language == Kernel::Language::cuda ? "cuda" : "cpp",
          .entry = kernel.entry,
          .source = kernel.source,
          .layout = layout_text(kernel.arguments)};
}

}  // namespace perftune
