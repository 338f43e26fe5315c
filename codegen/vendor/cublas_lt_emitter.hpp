// Emits matrix products that cuBLASLt computes on a GPU (`vendor/cublaslt`): one call, with a bias and relu or gelu
// where the operator has them (codegen/plain_product.hpp).
//
// The text is host code: its entry point puts the call into a stream and returns cuBLASLt's status, 0 for success.
//   extern "C" int perftune_cublas_lt(const Params*, void* stream);
// Beside it, perftune_cublas_lt_ready as in product_emitter.hpp, with the context current. The program holds what
// the heuristic chose: the algorithm's 64 bytes, which the manual lets one keep for the same version of the
// library, and its workspace. Stateless; thread-safe.
#pragma once

#include "codegen/emitter.hpp"
#include "codegen/plain_product.hpp"
#include "codegen/vendor/cublas_lt_rules.hpp"

namespace perftune {

class CublasLtEmitter final : public EmitterOver<CublasLtRules> {
 public:
  CublasLtEmitter() : EmitterOver() {}

  Kernel emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

std::string cublas_lt_source(const PlainProduct& product, const TileProgram& program);

}  // namespace perftune
