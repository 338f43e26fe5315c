// cuDNN as a baseline: one convolution, with a bias and relu where the operator has them, by each algorithm
// of its heuristic's list, or one softmax; loaded at run time where present (cuDNN 8 or 9). It is called
// through the C functions that both versions have, not through graphs.
//
// As GpuVendor. The constructor throws Error{unavailable} when the library is not there or too old, the
// operator is neither, or no algorithm takes it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "executor/gpu_vendor.hpp"
#include "executor/plain_convolution.hpp"

namespace perftune {

// What cuDNN's softmax takes: the last dimension of `rows` rows.
struct PlainSoftmax {
  int x = -1, y = -1;  // tensors
  std::int64_t rows = 1, columns = 1;
  DType type = DType::f32;
  bool logarithm = false;
};
std::optional<PlainSoftmax> plain_softmax(const Operator& op);

class Cudnn final : public GpuVendor {
 public:
  Cudnn(const LibrarySearch& search, CudaDevice& device, const Operator& op);
  ~Cudnn() override;
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;

  std::string name() const override { return "cuDNN"; }
  int algorithms() const override { return softmax_ ? 1 : static_cast<int>(found_.size()); }
  std::string describe(int algorithm) const override;
  std::optional<TileProgram> program(int) const override { return std::nullopt; }
  std::optional<Failure> enqueue(CudaDevice& device, int algorithm, cuda::Stream stream) override;

  // As cudnn_cnn.h has it; a test compares.
  using Status = int;  // 0: success
  struct Found {       // cudnnConvolutionFwdAlgoPerf_t
    int algorithm;
    Status status;
    float ms;
    std::size_t workspace_bytes;
    int determinism;
    int math_type;
    int reserved[3];
  };

 private:
  using Handle = void*;
  struct Functions {
    std::size_t (*version)();
    const char* (*error_text)(Status);
    Status (*create)(Handle*);
    Status (*destroy)(Handle);
    Status (*set_stream)(Handle, void* stream);
    Status (*tensor_create)(Handle*);
    Status (*tensor_set)(Handle, int type, int dims, const int* extents, const int* strides);
    Status (*tensor_destroy)(Handle);
    Status (*filter_create)(Handle*);
    Status (*filter_set)(Handle, int type, int format, int dims, const int* extents);
    Status (*filter_destroy)(Handle);
    Status (*convolution_create)(Handle*);
    Status (*convolution_set)(Handle, int windows, const int* pads, const int* strides, const int* dilations,
                              int mode, int compute_type);
    Status (*convolution_groups)(Handle, int);
    Status (*convolution_math)(Handle, int math_type);
    Status (*convolution_destroy)(Handle);
    Status (*choose)(Handle, Handle x, Handle w, Handle convolution, Handle y, int wanted, int* count, Found*);
    Status (*convolve)(Handle, const void* alpha, Handle x, const void*, Handle w, const void*, Handle convolution,
                       int algorithm, void* workspace, std::size_t bytes, const void* beta, Handle y, void*);
    Status (*softmax)(Handle, int algorithm, int mode, const void* alpha, Handle x, const void*, const void* beta,
                      Handle y, void*);
    // Only for convolutions with a bias: optional.
    Status (*activation_create)(Handle*) = nullptr;
    Status (*activation_set)(Handle, int mode, int propagate_nan, double) = nullptr;
    Status (*activation_destroy)(Handle) = nullptr;
    Status (*convolve_fused)(Handle, const void* alpha, Handle x, const void*, Handle w, const void*,
                             Handle convolution, int algorithm, void* workspace, std::size_t bytes,
                             const void* alpha_z, Handle z, const void*, Handle bias, const void*,
                             Handle activation, Handle y, void*) = nullptr;
  };
  union Scalar {  // of the compute type
    float f32;
    double f64;
  };

  void bind();
  void describe_softmax();
  void describe_convolution(const Operator& op);
  void choose_algorithms(const std::string& operator_name);
  void check(Status status, const char* doing) const;
  Handle tensor(DType type, const std::vector<std::int64_t>& extents, const std::vector<std::int64_t>& strides);
  Scalar scalar(double value) const;
  void release();

  VendorLibrary library_;
  Functions dnn_{};
  CudaDevice& device_;
  std::optional<PlainSoftmax> softmax_;
  PlainConvolution convolution_;
  Handle handle_ = nullptr;
  Handle x_ = nullptr, y_ = nullptr, bias_ = nullptr;
  Handle w_ = nullptr, convolution_desc_ = nullptr, activation_ = nullptr;
  cuda::Pointer workspace_ = 0;
  std::vector<Found> found_;
};

}  // namespace perftune
