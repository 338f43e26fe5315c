#include "tests/emulation/emitted_case.hpp"

#include <fmt/format.h>

#include "executor/emulated_device.hpp"
#include "executor/emulation/bank_conflicts.hpp"
#include "executor/verification.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"

namespace perftune::testing {

Verdict verify_emitted(const EmittedCase& c, std::span<const DeviceHeader> headers) {
  const Operator op = parse_operator_text(c.yaml, "test.yaml").at(0).op;
  const Hardware& hardware = find_hardware(c.gpu);
  const TileProgram program = c.tiles.to_program(std::string(c.emitter->target()).c_str());
  if (const auto why = c.emitter->illegal(op, program, hardware)) return {"illegal: " + *why};
  const auto compiler = HostCompiler::find();
  if (!compiler) return {"no host compiler", false};
  Failure failure;
  const auto compiled = compile_for_emulation(c.emitter->emit(op, program, hardware), *compiler, 60,
                                              failure, headers);
  if (!compiled) return {failure.detail, false};
  EmulatedDevice device(hardware);
  emulation::BankConflicts conflicts;
  if (c.most_wavefronts > 0) device.count_conflicts(&conflicts);
  if (const auto wrong =
          verify_on(device, op, *compiled, with_turns(c.emitter->bind(op, program, hardware)), 1))
    return {program.text() + ": " + wrong->detail};
  const auto [accesses, wavefronts, ideal, worst] = conflicts.summary();
  if (static_cast<double>(wavefronts) > c.most_wavefronts * static_cast<double>(ideal))
    return {fmt::format("{} wavefronts of shared memory where {} would do, {} at worst", wavefronts,
                        ideal, worst)};
  return {};
}

}  // namespace perftune::testing
