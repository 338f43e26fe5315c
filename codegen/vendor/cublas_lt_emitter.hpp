// Emits matrix products that cuBLASLt computes on a GPU (`vendor/cublaslt`): one call, with a bias and relu or gelu
// where the operator has them (codegen/plain_product.hpp).
//
// The text is host code: its entry point puts the call into a stream and returns cuBLASLt's status, 0 for success.
//   extern "C" int perftune_cublas_lt(const Params*, void* stream);
// Beside it, perftune_cublas_lt_ready as in product_emitter.hpp, with the context current. The program holds what
// the heuristic chose: the algorithm's 64 bytes, which the manual lets one keep for the same version of the
// library, and its workspace. Stateless; thread-safe.
#pragma once

#include <array>

#include "codegen/emitter.hpp"
#include "codegen/plain_product.hpp"
#include "codegen/vendor/vendor_target.hpp"

namespace perftune {

class CublasLtEmitter final : public Emitter {
 public:
  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return "vendor/cublaslt"; }
  Reading read(const Operator& op) const override;
  Kernel emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
  Launch bind(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

// What one call of cublasLtMatmul needs beside the operator.
struct CublasLtChoice {
  std::array<std::uint64_t, 8> algorithm{};  // cublasLtMatmulAlgo_t
  std::int64_t workspace_bytes = 0;
  std::int64_t version = 0;  // vendor_version
};
TileProgram cublas_lt_program(const PlainProduct& product, const CublasLtChoice& choice);

std::string cublas_lt_source(const PlainProduct& product, const TileProgram& program);

}  // namespace perftune
