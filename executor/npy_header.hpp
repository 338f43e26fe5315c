// The dictionary at the start of a .npy file: a Python literal with exactly the keys descr,
// fortran_order and shape. Strict on purpose; used by npy.cpp only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace perftune {

struct NpyHeader {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

// Throws std::invalid_argument with what is wrong; the caller adds the file's name.
NpyHeader parse_npy_header(std::string_view text);

}  // namespace perftune
