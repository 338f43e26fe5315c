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

CpuIsa detect_cpu_isa() {
  // F, VL, BW and DQ together are what compilers call x86-64-v4.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return CpuIsa::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return CpuIsa::avx2;
  throw Error(ErrorKind::unavailable, "this CPU has no AVX2 with FMA, which CPU kernels need");
}

std::string_view name(CpuIsa isa) { return isa == CpuIsa::avx512 ? "avx512" : "avx2"; }
int simd_bits(CpuIsa isa) { return isa == CpuIsa::avx512 ? 512 : 256; }

}  // namespace perftune
