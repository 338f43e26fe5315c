// Texts of sm_90a micro-kernels with one part left out or replaced, and the maps that they take.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/emulation/micro_kernel.hpp"

namespace perftune::testing {

inline TensorMap map_of(int tensor, DType type, std::int64_t inner, std::int64_t outer,
                        int box_inner, int box_outer, int swizzle_bytes) {
  TensorMap map;
  map.tensor = tensor;
  map.type = type;
  map.extents = {inner, outer, 1, 1, 1};
  const auto bytes = static_cast<std::int64_t>(size_bytes(type));
  map.strides = {bytes, inner * bytes, 0, 0, 0};
  map.box = {box_inner, box_outer, 1, 1, 1};
  map.swizzle_bytes = swizzle_bytes;
  return map;
}

inline std::string without(std::string text, const std::string& part) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.erase(at, part.size());
}
inline std::string with(std::string text, const std::string& part, const std::string& instead) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), instead);
}

inline MicroKernel hopper(std::string body) {
  MicroKernel kernel{.body = std::move(body), .threads = 128, .shared_bytes = 65536, .arch = 900};
  kernel.includes = "#include \"perftune/wgmma.cuh\"\n";
  return kernel;
}

}  // namespace perftune::testing
