// Emits tile programs for a GPU, runs them in the emulator and checks them against the oracle.
#pragma once

#include <span>
#include <string>

#include "codegen/contraction_tiles.hpp"
#include "codegen/emitter.hpp"
#include "codegen/kernel.hpp"

namespace perftune::testing {

Operator operator_from(const std::string& yaml);

// Empty when the kernel is right, else what is wrong with it. `headers`: what the kernel is
// compiled against; empty: the emulator's own.
std::string verify_emitted(const Emitter& emitter, const Operator& op, const ContractionTiles& tiles,
                           const std::string& gpu, std::span<const DeviceHeader> headers = {});

}  // namespace perftune::testing
