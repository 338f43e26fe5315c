// Compiles tile programs for this machine and checks them against the oracle.
#pragma once

#include <optional>
#include <string>

#include "codegen/cpu/cpu_tiles.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// A CPU description that kernels can be emitted for; its instruction set is one that runs here.
Hardware test_cpu(const std::string& isa);
bool runs_here(const std::string& isa);

Operator operator_from(const std::string& yaml);

// Emits, compiles, runs and verifies; empty when the kernel is right, else what is wrong with it.
std::string verify_program(const Operator& op, const CpuTiles& tiles, const Hardware& hardware,
                           std::uint64_t seed, const std::string& compiler = {});

}  // namespace perftune
