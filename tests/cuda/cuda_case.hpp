// Problems and tile programs for tests of emitted CUDA kernels.
#pragma once

#include <fmt/format.h>

#include <string>

#include "codegen/contraction_tiles.hpp"
#include "recipes/operator_file.hpp"

namespace perftune::testing {

// A matmul of `type` with operands indexed as given ("m,k", "k,n", ...).
inline Operator matmul(const std::string& type, const std::string& out, const std::string& a,
                       const std::string& b, const std::string& dims,
                       const std::string& value = "sum[k](A[{a}] * B[{b}])",
                       const std::string& more = "") {
  const std::string text = fmt::format(
      "name: case\ndims: {{{}}}\ninputs: {{A: \"{}[{}]\", B: \"{}[{}]\"{}}}\n"
      "outputs: {{C: \"{}[m,n]\"}}\ncompute:\n  - C[m,n] = {}\n",
      dims, type, a, type, b, more, out,
      fmt::format(fmt::runtime(value), fmt::arg("a", a), fmt::arg("b", b)));
  return parse_operator_text(text, "case").front().op;
}

inline TileProgram simt(const std::string& knobs) {
  return TileProgram::parse("contraction cuda/simt " + knobs);
}

}  // namespace perftune::testing
