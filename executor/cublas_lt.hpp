// cuBLASLt as a baseline: one matrix product, with a bias and relu or gelu where the operator has them, by
// each algorithm of its heuristic's list; loaded at run time where present (cuBLAS 11 or later).
//
// As GpuVendor. The constructor throws Error{unavailable} when the library is not there or too old, the
// operator is no such product, or no algorithm takes it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "executor/gpu_vendor.hpp"
#include "codegen/plain_product.hpp"

namespace perftune {

class CublasLt final : public GpuVendor {
 public:
  CublasLt(const LibrarySearch& search, CudaDevice& device, const Operator& op);
  ~CublasLt() override;
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;

  std::string name() const override { return "cuBLASLt"; }
  int algorithms() const override { return static_cast<int>(found_.size()); }
  std::string describe(int algorithm) const override;
  std::optional<TileProgram> program(int algorithm) const override;
  std::optional<Failure> enqueue(CudaDevice& device, int algorithm, cuda::Stream stream) override;

  // As cublasLt.h has them; a test compares.
  using Status = int;  // 0: success
  using Handle = void*;
  struct Algorithm {  // cublasLtMatmulAlgo_t
    std::uint64_t data[8];
  };
  struct Heuristic {  // cublasLtMatmulHeuristicResult_t
    Algorithm algorithm;
    std::size_t workspace_bytes;
    Status state;
    float waves;
    int reserved[4];
  };

 private:
  struct Functions {
    std::size_t (*version)();
    Status (*create)(Handle*);
    Status (*destroy)(Handle);
    Status (*desc_create)(Handle*, int compute_type, int scale_type);
    Status (*desc_destroy)(Handle);
    Status (*desc_set)(Handle, int attribute, const void*, std::size_t);
    Status (*layout_create)(Handle*, int type, std::uint64_t rows, std::uint64_t columns, std::int64_t leading);
    Status (*layout_destroy)(Handle);
    Status (*layout_set)(Handle, int attribute, const void*, std::size_t);
    Status (*preference_create)(Handle*);
    Status (*preference_destroy)(Handle);
    Status (*preference_set)(Handle, int attribute, const void*, std::size_t);
    Status (*heuristic)(Handle, Handle desc, Handle a, Handle b, Handle c, Handle d, Handle preference,
                        int wanted, Heuristic* found, int* count);
    Status (*matmul)(Handle, Handle desc, const void* alpha, const void* a, Handle a_layout, const void* b,
                     Handle b_layout, const void* beta, const void* c, Handle c_layout, void* d,
                     Handle d_layout, const Algorithm*, void* workspace, std::size_t bytes, void* stream);
  };

  void bind();
  void fuse_epilogue();
  void check(Status status, const char* doing) const;
  Handle layout(const PlainProduct::Matrix& matrix, std::int64_t rows, std::int64_t columns) const;
  void release();

  VendorLibrary library_;
  Functions lt_{};
  PlainProduct product_;
  CudaDevice& device_;
  Handle handle_ = nullptr, desc_ = nullptr;
  Handle a_ = nullptr, b_ = nullptr, c_ = nullptr;
  cuda::Pointer workspace_ = 0;
  std::vector<Heuristic> found_;
};

}  // namespace perftune
