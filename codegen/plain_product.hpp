// The operators that vendor libraries take as one matrix product: C[b,m,n] = sum_k A[b,m,k] * B[b,k,n],
// each matrix dense with one of its two dimensions contiguous, nothing done to the sum but, where asked
// for, what libraries fuse: a bias along n, then relu or gelu.
//
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codegen/contraction.hpp"
#include "recipes/operator.hpp"

namespace perftune {

enum class Activation { none, relu, gelu };

struct PlainProduct {
  struct Matrix {
    int tensor = -1;
    DType type = DType::f32;
    bool transposed = false;       // its columns are contiguous, not its rows
    std::int64_t leading = 0;      // elements from one row (column, if transposed) to the next
    std::int64_t batch_stride = 0; // 0: the same matrix for all
  };
  std::int64_t batch = 1, m = 1, n = 1, k = 1;
  Matrix a, b, c;  // m x k, k x n, m x n
  DType accumulate = DType::f32;
  int bias = -1;  // tensor of n elements of c's type; -1: none
  Activation activation = Activation::none;
};

// An epilogue that libraries fuse: activation(sum + bias[one group's axis]). nullopt with `why_not` set.
struct FusedEpilogue {
  int bias = -1;
  Activation activation = Activation::none;
};
std::optional<FusedEpilogue> fused_epilogue(const Contraction& form, Group bias_along, std::string& why_not);

// nullopt with `why_not` set; neither bias nor activation.
std::optional<PlainProduct> plain_product(const Operator& op, std::string& why_not);

// The same with both.
std::optional<PlainProduct> fused_product(const Operator& op, std::string& why_not);

}  // namespace perftune
