#include "executor/cpu_identity.hpp"

#include <cpuid.h>

#include <array>
#include <cstring>

#include "recipes/error.hpp"

namespace perftune {

std::string cpu_brand() {
  std::array<unsigned, 12> words{};
  for (unsigned leaf = 0; leaf < 3; ++leaf) {
    unsigned* w = &words[4 * leaf];
    if (__get_cpuid(0x80000002 + leaf, w, w + 1, w + 2, w + 3) == 0) return "x86-64 CPU";
  }
  std::array<char, 49> text{};
  std::memcpy(text.data(), words.data(), 48);
  std::string brand = text.data();
  brand.erase(0, brand.find_first_not_of(' '));
  brand.erase(brand.find_last_not_of(' ') + 1);
  return brand;
}

namespace {

// Which vector registers the operating system keeps over a switch of threads: XCR0 (Intel's Software
// Developer's Manual, volume 1, 13.3), readable where CPUID says OSXSAVE.
unsigned kept_registers() {
  unsigned low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

}  // namespace

// Of CPUID alone and not by __builtin_cpu_supports, which brings the names of all processors along.
CpuIsa detect_cpu_isa() {
  constexpr unsigned kYmm = 0x6, kZmm = 0xe6;  // with what they extend
  // F, DQ, BW and VL together are what compilers call x86-64-v4.
  constexpr unsigned kAvx512 = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL;
  unsigned a = 0, b = 0, c = 0, d = 0, extended = 0;
  const bool saves = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_OSXSAVE) != 0;
  const unsigned kept = saves ? kept_registers() : 0;
  const bool fma = (c & bit_FMA) != 0 && (c & bit_AVX) != 0;
  if (__get_cpuid_count(7, 0, &a, &extended, &c, &d) != 0 && fma && (extended & bit_AVX2) != 0 && (kept & kYmm) == kYmm)
    return (extended & kAvx512) == kAvx512 && (kept & kZmm) == kZmm ? CpuIsa::avx512 : CpuIsa::avx2;
  throw Error(ErrorKind::unavailable, "this CPU has no AVX2 with FMA, which CPU kernels need");
}

std::string_view name(CpuIsa isa) { return isa == CpuIsa::avx512 ? "avx512" : "avx2"; }
int simd_bits(CpuIsa isa) { return isa == CpuIsa::avx512 ? 512 : 256; }

}  // namespace perftune
