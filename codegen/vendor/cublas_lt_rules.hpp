// Which matrix products cuBLASLt computes on a GPU (`vendor/cublaslt`), and how it is called: one call, with a
// bias and relu or gelu where the operator has them (codegen/plain_product.hpp). Stateless; thread-safe.
#pragma once

#include <array>
#include <cstdint>

#include "codegen/launch_rules.hpp"
#include "codegen/plain_product.hpp"
#include "codegen/vendor/vendor_target.hpp"

namespace perftune {

class CublasLtRules final : public LaunchRules {
 public:
  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return "vendor/cublaslt"; }
  Reading read(const Operator& op) const override;
  Launch bind(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
};

// What one call of cublasLtMatmul needs beside the operator.
struct CublasLtChoice {
  std::array<std::uint64_t, 8> algorithm{};  // cublasLtMatmulAlgo_t
  std::int64_t workspace_bytes = 0;
  std::int64_t version = 0;  // vendor_version
};
TileProgram cublas_lt_program(const PlainProduct& product, const CublasLtChoice& choice);

}  // namespace perftune
