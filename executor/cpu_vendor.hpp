// Which vendors' libraries (OpenBLAS, oneDNN) this CPU has, in which version, and as which programs they compute
// an operator; the programs are emitted and run like our own (codegen/vendor/product_emitter.hpp).
//
// Asking loads the library into this process, where it stays, and OpenBLAS starts its threads, which sleep.
// One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/tile_program.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// What the libraries of this machine compute of `op`; `missing` gets one line for each that does not.
std::vector<TileProgram> cpu_vendor_programs(const Operator& op, std::vector<std::string>& missing);

// Why a program of a vendor's target cannot run on this machine: its library is not here, or of another
// version. nullopt: it can.
std::optional<std::string> cpu_vendor_missing(const TileProgram& program);

}  // namespace perftune
