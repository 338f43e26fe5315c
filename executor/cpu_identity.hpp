// Which processor this is, as CPUID tells it: no timing, no files.
#pragma once

#include <string>
#include <string_view>

#include "executor/cpu_loops.hpp"

namespace perftune {

// The widest set that CPUID and the operating system offer. Throws Error{unavailable} without
// AVX2 and FMA.
CpuIsa detect_cpu_isa();
std::string_view name(CpuIsa isa);  // "avx512"
int simd_bits(CpuIsa isa);

// "AMD EPYC ...": Hardware::vendor_name of what detect_cpu finds.
std::string cpu_brand();

}  // namespace perftune
