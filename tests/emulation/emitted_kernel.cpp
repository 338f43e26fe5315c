#include "tests/emulation/emitted_kernel.hpp"

#include "executor/emulated_device.hpp"
#include "executor/verification.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"

namespace perftune::testing {

Operator operator_from(const std::string& yaml) {
  return parse_operator_text(yaml, "test.yaml").at(0).op;
}

std::string verify_emitted(const Emitter& emitter, const Operator& op, const ContractionTiles& tiles,
                           const std::string& gpu, std::span<const DeviceHeader> headers) {
  const Hardware& hardware = find_hardware(gpu);
  const std::string target(emitter.target());
  const TileProgram program = tiles.to_program(target.c_str());
  if (const auto why = emitter.illegal(op, program, hardware)) return "illegal: " + *why;
  const auto compiler = HostCompiler::find();
  if (!compiler) return "no host compiler";
  const Kernel kernel = emitter.emit(op, program, hardware);
  Failure failure;
  const auto compiled =
      compile_for_emulation(kernel, *compiler, 60, failure,
                            headers.empty() ? std::span(emulation_device_headers()) : headers);
  if (!compiled) return program.text() + ": " + failure.detail.substr(0, 3000);
  EmulatedDevice device(hardware);
  const auto wrong = verify_on(device, op, *compiled, emitter.bind(op, program, hardware), 1);
  return wrong ? program.text() + ": " + wrong->detail : "";
}

}  // namespace perftune::testing
