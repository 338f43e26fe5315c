// Routines of vendors' libraries as targets beside our own: which libraries there are, what they are
// called, and how versions are written.
//
// A tile program of such a target says which version of which library computes the operator, and how its
// operands lie: "contraction vendor/openblas transpose_a=0 transpose_b=1 version=321". Another version is
// another program, since its times and its rounding are its own.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace perftune {

struct VendorTarget {
  std::string_view target;                  // "vendor/openblas"
  std::string_view name;                    // "OpenBLAS"
  std::array<std::string_view, 3> files;    // that the loader is asked for, in order; empty ones are none
  bool gpu = false;                         // its routines run on a GPU, else on the CPU
};

inline constexpr std::array<VendorTarget, 3> vendor_targets{{
    {"vendor/openblas", "OpenBLAS", {"libopenblas.so.0", "libopenblas.so", ""}},
    {"vendor/onednn", "oneDNN", {"libdnnl.so.3", "libdnnl.so.2", "libdnnl.so"}},
    {"vendor/cublaslt", "cuBLASLt", {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"}, true},
}};

// Whether programs of `target` call a vendor's library. Those of versions to come too.
inline bool is_vendor(std::string_view target) { return target.starts_with("vendor/"); }

// nullptr: this build knows no such library.
inline const VendorTarget* find_vendor(std::string_view target) {
  for (const VendorTarget& one : vendor_targets)
    if (one.target == target) return &one;
  return nullptr;
}

// The files as a list of C string literals.
std::string quoted_files(const VendorTarget& vendor);

// How emitted calls of a GPU's library are compiled: host code that runs anywhere.
const std::vector<std::string>& vendor_compile_flags();

// Major, minor and patch as one number: 0.3.21 is 321, 2.6.3 is 20603.
constexpr std::int64_t vendor_version(std::int64_t major, std::int64_t minor, std::int64_t patch) {
  return major * 10000 + minor * 100 + patch;
}
inline std::string version_text(std::int64_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." + std::to_string(version % 100);
}

}  // namespace perftune
