// Numbers of cublasLt.h, cublas_api.h and library_types.h that both a call from this program and an emitted one
// need; a test compares them with the headers' (tests/fake_cuda/vendor_test.cpp). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "codegen/plain_product.hpp"

namespace perftune::cublas_lt {

// cublasLtMatmulDescAttributes_t
inline constexpr int kTransposeA = 3, kTransposeB = 4, kEpilogue = 7, kBiasPointer = 8;
// cublasLtMatrixLayoutAttribute_t
inline constexpr int kBatchCount = 5, kBatchStride = 6;

// cudaDataType_t; nullopt: it has none.
inline std::optional<int> data_type(DType type) {
  switch (type) {
    case DType::f32:
    case DType::tf32: return 0;
    case DType::f64: return 1;
    case DType::f16: return 2;
    case DType::i8: return 3;
    case DType::i32: return 10;
    case DType::bf16: return 14;
    case DType::f8e4m3: return 28;
    case DType::f8e5m2: return 29;
    default: return std::nullopt;
  }
}

// cublasComputeType_t
inline int compute_type(const PlainProduct& product) {
  if (product.accumulate == DType::i32) return 72;
  if (product.accumulate == DType::f64) return 70;
  return product.a.type == DType::tf32 || product.b.type == DType::tf32 ? 77 : 68;
}

// cublasLtEpilogue_t: bias and one other add up; 0: the default, nothing.
inline std::uint32_t epilogue(const PlainProduct& product) {
  const std::uint32_t after = product.activation == Activation::relu ? 2 : product.activation == Activation::gelu ? 32 : 0;
  return after + (product.bias >= 0 ? 4U : 0U);
}

}  // namespace perftune::cublas_lt
