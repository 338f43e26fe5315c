// cuBLASLt and cuDNN as baselines, over fakes of them: what is asked for computes the operator, what they do
// not take or get wrong is said, and what is declared here is what their headers say, where there are some.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "codegen/vendor/cublas_lt_emitter.hpp"
#include "codegen/vendor/cublas_lt_types.hpp"
#include "device_fault_emitter.hpp"
#include "executor/cublas_lt.hpp"
#include "executor/cudnn.hpp"
#include "executor/host_compiler.hpp"
#include "executor/random_inputs.hpp"
#include "executor/temporary_folder.hpp"
#include "profiler/trial_case.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "registry.hpp"

#if __has_include(<cublasLt.h>)
#include <cublasLt.h>
#endif
#if __has_include(<cudnn.h>)
#include <cudnn.h>
#endif

namespace perftune {
namespace {

using testing::HasSubstr;

const LibrarySearch kFakes({PERFTUNE_FAKE_CUDA_FOLDER}, true);

class Vendor : public testing::Test {
 protected:
  Vendor() : folder_("/tmp") {
    ::setenv("PERFTUNE_FAKE_CUDA", folder_.path().c_str(), 1);
    write_fake_device(folder_.path(), fake_);
    driver_.emplace(std::vector<std::string>{PERFTUNE_FAKE_CUDA_FOLDER});
    device_.emplace(*driver_, 0, hardware_);
  }

  void load(const std::string& text) {
    const Operator op = parse_operator_text(text, "test")[0].op;
    case_.emplace(Subject{op, text, hardware_, {}, 3});
    device_->load(op, views(case_->verifier().inputs()));
  }

  // What each algorithm did: "right", or why not.
  std::vector<std::string> results(GpuVendor& vendor) {
    std::vector<std::string> said;
    for (int i = 0; i < vendor.algorithms(); ++i) {
      device_->poison_outputs();
      auto failure = vendor.enqueue(*device_, i, nullptr);
      if (!failure) failure = device_->wait();
      if (failure) said.push_back(failure->detail);
      else said.push_back(case_->violation(*device_, {}).value_or("right"));
    }
    return said;
  }

  template <typename Library>
  std::vector<std::string> results_on(const std::string& text) {
    load(text);
    Library library(kFakes, *device_, case_->op());
    return results(library);
  }

  template <typename Library>
  std::string refusal(const std::string& text, const LibrarySearch& search = kFakes) {
    load(text);
    try {
      Library library(search, *device_, case_->op());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
      return error.what();
    }
    return "it took it";
  }

  void behave(const std::string& cublas, const std::string& cudnn) {
    fake_.cublas = cublas;
    fake_.cudnn = cudnn;
    write_fake_device(folder_.path(), fake_);
  }

  TemporaryFolder folder_;
  FakeDevice fake_;
  Hardware hardware_ = find_hardware("a100");
  std::optional<cuda::Driver> driver_;
  std::optional<CudaDevice> device_;
  std::optional<TrialCase> case_;
};

// Of "ok"'s list one refuses, one is wrong and two are right.
void expect_ok_list(const std::vector<std::string>& said) {
  ASSERT_EQ(said.size(), 4u);
  EXPECT_THAT(said[0], testing::AnyOf(HasSubstr("status 15"), HasSubstr("NOT_SUPPORTED")));
  EXPECT_THAT(said[1], HasSubstr("expected"));
  EXPECT_EQ(said[2], "right");
  EXPECT_EQ(said[3], "right");
}

struct Case {
  const char* name;
  const char* text;
};
std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class Products : public Vendor, public testing::WithParamInterface<Case> {};

TEST_P(Products, AreComputedByCublasLt) { expect_ok_list(results_on<CublasLt>(GetParam().text)); }

// The same as host code that a store keeps, with the list's last algorithm, which is right.
TEST_P(Products, AreKeptAsCallsOfCublasLt) {
  if (::dlopen("libcublasLt.so.13", RTLD_NOW | RTLD_LOCAL) == nullptr)
    GTEST_SKIP() << "LD_LIBRARY_PATH has no cuBLASLt: set it to " PERFTUNE_FAKE_CUDA_FOLDER;
  load(GetParam().text);
  const Operator& op = case_->op();
  CublasLt library(kFakes, *device_, op);
  const TileProgram program = library.program(library.algorithms() - 1).value();
  const CublasLtEmitter emitter;
  ASSERT_EQ(emitter.illegal(op, program, hardware_).value_or(""), "") << program.text();
  TileProgram other = program;
  other.knobs["transpose_a"] = 1 - other.at("transpose_a");
  EXPECT_THAT(emitter.illegal(op, other, hardware_).value_or(""), HasSubstr("not how cuBLASLt"));
  CompiledKernel kernel{emitter.emit(op, program, hardware_), {}, {}};
  static const auto compiler = HostCompiler::find();
  auto compiled = compiler.value().compile(kernel.kernel.source, {}, vendor_compile_flags(), 60);
  ASSERT_TRUE(compiled.ok) << compiled.log;
  kernel.binary = std::move(compiled.binary);
  const auto failure = device_->launch(kernel, emitter.bind(op, program, hardware_));
  ASSERT_FALSE(failure) << failure->detail;
  EXPECT_EQ(case_->violation(*device_, {}).value_or("right"), "right");
}

INSTANTIATE_TEST_SUITE_P(
    CublasLt, Products,
    testing::Values(
        Case{"rows", "op: matmul\ndims: {m: 13, n: 24, k: 40}\ndtype: f32\n"},
        Case{"b_columns", "op: matmul\ndims: {m: 13, n: 24, k: 40}\ndtype: f16\nlayout: {A: row, B: col}\n"},
        Case{"a_columns", "op: matmul\ndims: {m: 16, n: 24, k: 40}\ndtype: bf16\nlayout: {A: col, B: row}\n"},
        Case{"both_columns", "op: matmul\ndims: {m: 16, n: 24, k: 40}\ndtype: f64\nlayout: {A: col, B: col}\n"},
        Case{"tf32", "op: matmul\ndims: {m: 16, n: 24, k: 40}\ndtype: tf32\n"},
        Case{"int8", "op: matmul\ndims: {m: 16, n: 24, k: 32}\ndtype: i8\nout_dtype: i32\n"},
        Case{"fp8", "op: matmul\ndims: {m: 16, n: 24, k: 32}\ndtype: f8e4m3\nout_dtype: f32\n"},
        Case{"batched", "op: batched_matmul\ndims: {b: 3, m: 9, n: 10, k: 20}\ndtype: f32\n"},
        Case{"one_matrix_for_the_batch",
             "name: p\ndims: {b: 3, m: 9, n: 10, k: 20}\ninputs: {A: \"f32[b,m,k]\", B: \"f32[k,b,n]\"}\n"
             "outputs: {C: \"f32[b,m,n]\"}\ncompute:\n  - C[b,m,n] = sum[k](A[b,m,k] * B[k,b,n])\n"},
        Case{"vector", "op: matvec\ndims: {m: 33, k: 40}\ndtype: f32\n"},
        Case{"bias", "op: matmul\ndims: {m: 9, n: 12, k: 20}\ndtype: f32\nepilogue: [bias]\n"},
        Case{"relu", "op: matmul\ndims: {m: 9, n: 12, k: 20}\ndtype: f32\nepilogue: [relu]\n"},
        Case{"linear_bias_relu", "op: linear\ndims: {m: 9, n: 12, k: 20}\ndtype: f16\nepilogue: [bias, relu]\n"}),
    case_name);

class Convolutions : public Vendor, public testing::WithParamInterface<Case> {};

TEST_P(Convolutions, AreComputedByCudnn) { expect_ok_list(results_on<Cudnn>(GetParam().text)); }

INSTANTIATE_TEST_SUITE_P(
    Cudnn, Convolutions,
    testing::Values(
        Case{"channels_first", "op: conv2d\ndims: {n: 2, c: 5, h: 8, w: 9, f: 6, r: 3, s: 3}\ndtype: f32\n"},
        Case{"channels_last", "op: conv2d\ndims: {n: 2, c: 8, h: 8, w: 9, f: 6, r: 3, s: 3}\ndtype: f16\nlayout: nhwc\npadding: same\n"},
        Case{"strided", "op: conv2d\ndims: {n: 2, c: 5, h: 9, w: 11, f: 6, r: 3, s: 3}\ndtype: f32\nstride: 2\npadding: 1\n"},
        Case{"dilated", "op: conv2d\ndims: {n: 1, c: 4, h: 9, w: 11, f: 6, r: 3, s: 2}\ndtype: bf16\ndilation: 2\n"},
        Case{"grouped", "op: conv2d\ndims: {n: 2, c: 6, h: 8, w: 8, f: 8, r: 3, s: 3}\ndtype: f32\ngroups: 2\npadding: 1\n"},
        Case{"one_by_one", "op: conv2d\ndims: {n: 2, c: 6, h: 8, w: 8, f: 8, r: 1, s: 1}\ndtype: f32\n"},
        Case{"filters_channels_last", "op: conv2d\ndims: {n: 2, c: 6, h: 8, w: 8, f: 8, r: 3, s: 3}\ndtype: f32\nfilter: frsc\n"},
        Case{"line", "op: conv1d\ndims: {n: 2, c: 5, w: 19, f: 6, s: 3}\ndtype: f32\npadding: 1\n"},
        Case{"volume", "op: conv3d\ndims: {n: 1, c: 3, d: 5, h: 6, w: 7, f: 4, t: 3, r: 3, s: 3}\ndtype: f32\npadding: 1\n"},
        Case{"bias_and_relu", "op: conv2d\ndims: {n: 2, c: 5, h: 8, w: 8, f: 6, r: 3, s: 3}\ndtype: f32\nepilogue: [bias, relu]\n"}),
    case_name);

TEST_F(Vendor, ABiasAloneLeavesTheAlgorithmThatFusesIt) {
  const auto said = results_on<Cudnn>("op: conv2d\ndims: {n: 2, c: 5, h: 8, w: 8, f: 6, r: 3, s: 3}\ndtype: f32\nepilogue: [bias]\n");
  EXPECT_THAT(said, testing::ElementsAre("right"));
}

TEST_F(Vendor, SoftmaxIsCudnns) {
  for (const char* op : {"softmax", "log_softmax"})
    EXPECT_THAT(results_on<Cudnn>(std::string("op: ") + op + "\ndims: {m: 12, n: 50}\ndtype: f32\n"), testing::ElementsAre("right"));
}

TEST_F(Vendor, WhatTheyDoNotTakeIsSaid) {
  EXPECT_THAT(refusal<CublasLt>("op: softmax\ndims: {m: 12, n: 50}\n"), HasSubstr("no matrix product"));
  EXPECT_THAT(refusal<CublasLt>("op: matmul\ndims: {m: 12, n: 50, k: 8}\nepilogue: [sigmoid]\n"), HasSubstr("no bias, relu or gelu"));
  EXPECT_THAT(refusal<Cudnn>("op: matmul\ndims: {m: 12, n: 50, k: 8}\n"), HasSubstr("no convolution"));
  const std::string conv = "op: conv2d\ndims: {n: 2, c: 6, h: 8, w: 8, f: 8, r: 3, s: 3}\n";
  EXPECT_THAT(refusal<Cudnn>(conv + "filter: rscf\n"), HasSubstr("no convolution"));
  EXPECT_THAT(refusal<Cudnn>(conv + "stride: 2\npadding: same\n"), HasSubstr("before and behind"));
  EXPECT_THAT(refusal<Cudnn>(conv + "epilogue: [relu]\n"), HasSubstr("bias with relu"));
}

TEST_F(Vendor, LibrariesThatAreNotUsableAreSaid) {
  const std::string product = "op: matmul\ndims: {m: 8, n: 8, k: 8}\n";
  const std::string conv = "op: conv2d\ndims: {n: 1, c: 4, h: 6, w: 6, f: 4, r: 3, s: 3}\n";
  const TemporaryFolder empty("/tmp");
  EXPECT_THAT(refusal<CublasLt>(product, LibrarySearch({empty.path()}, true)), HasSubstr("cuBLASLt (libcublasLt.so.13) was not found"));
  EXPECT_THAT(refusal<Cudnn>(conv, LibrarySearch({empty.path()}, true)), HasSubstr("cuDNN (libcudnn.so.9) was not found"));
  // A library of that name without the functions.
  for (const char* name : {"libcublasLt.so.13", "libcudnn.so.9"})
    std::filesystem::create_symlink(std::string(PERFTUNE_FAKE_CUDA_FOLDER) + "_nvrtc/libnvrtc.so.13", empty.path() + "/" + name);
  EXPECT_THAT(refusal<CublasLt>(product, LibrarySearch({empty.path()}, true)), HasSubstr("has no cublasLtGetVersion"));
  EXPECT_THAT(refusal<Cudnn>(conv, LibrarySearch({empty.path()}, true)), HasSubstr("has no cudnnGetVersion"));
  behave("old", "old");
  EXPECT_THAT(refusal<CublasLt>(product), HasSubstr("too old"));
  EXPECT_THAT(refusal<Cudnn>(conv), HasSubstr("too old"));
  behave("refused", "refused");
  EXPECT_THAT(refusal<CublasLt>(product), HasSubstr("starting: status 1"));
  EXPECT_THAT(refusal<Cudnn>(conv), HasSubstr("starting: CUDNN_STATUS_NOT_INITIALIZED"));
  behave("none", "none");
  EXPECT_THAT(refusal<CublasLt>(product), HasSubstr("choosing algorithms: status 15"));
  EXPECT_THAT(refusal<Cudnn>(conv), HasSubstr("choosing algorithms: CUDNN_STATUS_NOT_SUPPORTED"));
}

TEST_F(Vendor, NothingOfThemStaysOnTheDevice) {
  // 64 MiB in all, of which a handle's workspace takes a part: a leak ends this.
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(results_on<CublasLt>("op: matmul\ndims: {m: 8, n: 8, k: 8}\n").size(), 4u);
    EXPECT_EQ(results_on<Cudnn>("op: conv2d\ndims: {n: 1, c: 4, h: 6, w: 6, f: 4, r: 3, s: 3}\n").size(), 4u);
  }
  load("op: add\ndims: {n: 4000000}\n");
}

TEST_F(Vendor, TheyTellWhatTheyAre) {
  load("op: matmul\ndims: {m: 8, n: 8, k: 8}\n");
  EXPECT_THAT(CublasLt(kFakes, *device_, case_->op()).describe(1), HasSubstr("cuBLASLt 13.1.0, algorithm 2 of 4"));
  load("op: conv2d\ndims: {n: 1, c: 4, h: 6, w: 6, f: 4, r: 3, s: 3}\n");
  EXPECT_THAT(Cudnn(kFakes, *device_, case_->op()).describe(3), HasSubstr("cuDNN 9.1.0, forward algorithm 1 (4 of 4), 1024 bytes"));
}

#if __has_include(<cublasLt.h>)
static_assert(cublas_lt::kTransposeA == CUBLASLT_MATMUL_DESC_TRANSA && cublas_lt::kTransposeB == CUBLASLT_MATMUL_DESC_TRANSB &&
              cublas_lt::kEpilogue == CUBLASLT_MATMUL_DESC_EPILOGUE && cublas_lt::kBiasPointer == CUBLASLT_MATMUL_DESC_BIAS_POINTER &&
              cublas_lt::kBatchCount == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT &&
              cublas_lt::kBatchStride == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET);
static_assert(sizeof(CublasLt::Algorithm) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(CublasLt::Heuristic) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(CublasLt::Heuristic, workspace_bytes) == offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(CublasLt::Heuristic, state) == offsetof(cublasLtMatmulHeuristicResult_t, state));
static_assert(CUBLASLT_MATMUL_DESC_TRANSA == 3 && CUBLASLT_MATMUL_DESC_TRANSB == 4 && CUBLASLT_MATMUL_DESC_EPILOGUE == 7 &&
              CUBLASLT_MATMUL_DESC_BIAS_POINTER == 8 && CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT == 5 &&
              CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET == 6 && CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES == 1);
static_assert(CUBLASLT_EPILOGUE_RELU == 2 && CUBLASLT_EPILOGUE_BIAS == 4 && CUBLASLT_EPILOGUE_GELU == 32);
static_assert(CUBLAS_COMPUTE_32F == 68 && CUBLAS_COMPUTE_32F_FAST_TF32 == 77 && CUBLAS_COMPUTE_64F == 70 && CUBLAS_COMPUTE_32I == 72);
static_assert(CUDA_R_32F == 0 && CUDA_R_64F == 1 && CUDA_R_16F == 2 && CUDA_R_8I == 3 && CUDA_R_32I == 10 && CUDA_R_16BF == 14 &&
              CUDA_R_8F_E4M3 == 28 && CUDA_R_8F_E5M2 == 29);
#endif
#if __has_include(<cudnn.h>)
static_assert(sizeof(Cudnn::Found) == sizeof(cudnnConvolutionFwdAlgoPerf_t));
static_assert(offsetof(Cudnn::Found, workspace_bytes) == offsetof(cudnnConvolutionFwdAlgoPerf_t, memory));
static_assert(offsetof(Cudnn::Found, math_type) == offsetof(cudnnConvolutionFwdAlgoPerf_t, mathType));
static_assert(CUDNN_DATA_FLOAT == 0 && CUDNN_DATA_DOUBLE == 1 && CUDNN_DATA_HALF == 2 && CUDNN_DATA_BFLOAT16 == 9);
static_assert(CUDNN_TENSOR_NCHW == 0 && CUDNN_TENSOR_NHWC == 1 && CUDNN_CROSS_CORRELATION == 1 && CUDNN_DEFAULT_MATH == 0 &&
              CUDNN_TENSOR_OP_MATH == 1 && CUDNN_FMA_MATH == 3 && CUDNN_SOFTMAX_ACCURATE == 1 && CUDNN_SOFTMAX_LOG == 2 &&
              CUDNN_SOFTMAX_MODE_INSTANCE == 0 && CUDNN_ACTIVATION_RELU == 1 && CUDNN_ACTIVATION_IDENTITY == 5 &&
              CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM == 1);
#endif

}  // namespace
}  // namespace perftune
