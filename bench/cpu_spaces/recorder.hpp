// Makes the recording in two steps, since compiling may share the machine and timing may not.
//
// Call order: write_hardware (idle machine), compile_spaces, time_spaces (idle machine, as often as
// it says that something is left), join. Everything lies in one folder and is taken up where it was.
#pragma once

#include <string>

#include "recipes/hardware.hpp"

namespace perftune::bench {

void write_hardware(const std::string& folder);
Hardware recorded_hardware(const std::string& folder);
// Every candidate of every operator as a shared object; `threads` compilers at once.
void compile_spaces(const std::string& folder, int threads);
// Times whole operators until `seconds` have passed; returns how many are left.
int time_spaces(const std::string& folder, double seconds);
// All rows as one CSV.
std::string join(const std::string& folder);

}  // namespace perftune::bench
