#include "executor/cublas_lt.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/vendor/cublas_lt_emitter.hpp"
#include "codegen/vendor/cublas_lt_types.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

// cublasLt.h, cublas_api.h, library_types.h
constexpr int kWorkspaceBytes = 1;                           // cublasLtMatmulPreferenceAttributes_t
constexpr std::size_t kWorkspace = std::size_t{64} << 20;    // what NVIDIA advises on Hopper, and more elsewhere
constexpr int kWanted = 8;
constexpr std::size_t kOldest = 110000;                      // CUDA 11: compute types apart from scale types

using cublas_lt::kBatchCount, cublas_lt::kBatchStride, cublas_lt::kBiasPointer, cublas_lt::kEpilogue,
    cublas_lt::kTransposeA, cublas_lt::kTransposeB;

int data_type(DType type) {
  if (const auto found = cublas_lt::data_type(type)) return *found;
  throw Error(ErrorKind::unavailable, fmt::format("cuBLASLt has no type for {}", name(type)));
}

PlainProduct product_of(const Operator& op) {
  std::string why_not;
  if (const auto product = fused_product(op, why_not)) return *product;
  throw Error(ErrorKind::unavailable, "cuBLASLt: " + why_not);
}

union Scalar {
  float f32;
  double f64;
  std::int32_t i32;
};

}  // namespace

CublasLt::CublasLt(const LibrarySearch& search, CudaDevice& device, const Operator& op)
    : library_("cuBLASLt", std::vector<std::string>{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"}, search),
      product_(product_of(op)),
      device_(device) {
  bind();
  try {
    const PlainProduct& p = product_;
    check(lt_.create(&handle_), "starting");
    check(lt_.desc_create(&desc_, cublas_lt::compute_type(p), data_type(p.accumulate)), "describing the product");
    // It thinks in columns: C's transpose is B's transpose times A's, and a row-major matrix is its
    // transpose in columns. So B comes first, and neither is transposed when both are row-major.
    const std::int32_t of_b = p.b.transposed ? 1 : 0, of_a = p.a.transposed ? 1 : 0;
    check(lt_.desc_set(desc_, kTransposeA, &of_b, sizeof of_b), "describing the product");
    check(lt_.desc_set(desc_, kTransposeB, &of_a, sizeof of_a), "describing the product");
    fuse_epilogue();
    b_ = p.b.transposed ? layout(p.b, p.k, p.n) : layout(p.b, p.n, p.k);
    a_ = p.a.transposed ? layout(p.a, p.m, p.k) : layout(p.a, p.k, p.m);
    c_ = layout(p.c, p.n, p.m);
    if (device.driver().allocate(&workspace_, kWorkspace) != 0) workspace_ = 0;
    Handle preference = nullptr;
    check(lt_.preference_create(&preference), "choosing algorithms");
    const std::size_t bytes = workspace_ == 0 ? 0 : kWorkspace;
    lt_.preference_set(preference, kWorkspaceBytes, &bytes, sizeof bytes);
    found_.resize(kWanted);
    int count = 0;
    const Status status =
        lt_.heuristic(handle_, desc_, b_, a_, c_, c_, preference, kWanted, found_.data(), &count);
    lt_.preference_destroy(preference);
    check(status, "choosing algorithms");
    found_.resize(static_cast<std::size_t>(count));
    std::erase_if(found_, [](const Heuristic& one) { return one.state != 0; });
    if (found_.empty()) throw Error(ErrorKind::unavailable, "cuBLASLt has no algorithm for " + op.name);
  } catch (...) {
    release();
    throw;
  }
}

CublasLt::~CublasLt() { release(); }

void CublasLt::release() {
  for (Handle layout : {a_, b_, c_})
    if (layout != nullptr) lt_.layout_destroy(layout);
  if (desc_ != nullptr) lt_.desc_destroy(desc_);
  if (handle_ != nullptr) lt_.destroy(handle_);
  if (workspace_ != 0) device_.driver().release(workspace_);
}

void CublasLt::bind() {
  library_.bind_required(lt_.version, "cublasLtGetVersion");
  if (lt_.version() < kOldest)
    throw Error(ErrorKind::unavailable, fmt::format("cuBLASLt {} at {} is too old: CUDA 11 brings the first that is used",
                                                    lt_.version(), library_.path()));
  library_.bind_required(lt_.create, "cublasLtCreate");
  library_.bind_required(lt_.destroy, "cublasLtDestroy");
  library_.bind_required(lt_.desc_create, "cublasLtMatmulDescCreate");
  library_.bind_required(lt_.desc_destroy, "cublasLtMatmulDescDestroy");
  library_.bind_required(lt_.desc_set, "cublasLtMatmulDescSetAttribute");
  library_.bind_required(lt_.layout_create, "cublasLtMatrixLayoutCreate");
  library_.bind_required(lt_.layout_destroy, "cublasLtMatrixLayoutDestroy");
  library_.bind_required(lt_.layout_set, "cublasLtMatrixLayoutSetAttribute");
  library_.bind_required(lt_.preference_create, "cublasLtMatmulPreferenceCreate");
  library_.bind_required(lt_.preference_destroy, "cublasLtMatmulPreferenceDestroy");
  library_.bind_required(lt_.preference_set, "cublasLtMatmulPreferenceSetAttribute");
  library_.bind_required(lt_.heuristic, "cublasLtMatmulAlgoGetHeuristic");
  library_.bind_required(lt_.matmul, "cublasLtMatmul");
}

// A bias lies along the rows of its column-major result: along our n.
void CublasLt::fuse_epilogue() {
  if (product_.bias >= 0) {
    const void* const at = reinterpret_cast<const void*>(device_.address(product_.bias));
    check(lt_.desc_set(desc_, kBiasPointer, &at, sizeof at), "describing the bias");
  }
  if (const std::uint32_t epilogue = cublas_lt::epilogue(product_); epilogue != 0)
    check(lt_.desc_set(desc_, kEpilogue, &epilogue, sizeof epilogue), "describing what is fused");
}

std::string CublasLt::describe(int algorithm) const {
  const std::size_t v = lt_.version();  // 130100 is 13.1.0
  return fmt::format("cuBLASLt {}.{}.{}, algorithm {} of {}, {} bytes of workspace", v / 10000, v / 100 % 100, v % 100,
                     algorithm + 1, algorithms(), found_.at(static_cast<std::size_t>(algorithm)).workspace_bytes);
}

std::optional<TileProgram> CublasLt::program(int algorithm) const {
  const Heuristic& found = found_.at(static_cast<std::size_t>(algorithm));
  CublasLtChoice choice;
  std::copy(std::begin(found.algorithm.data), std::end(found.algorithm.data), choice.algorithm.begin());
  choice.workspace_bytes = static_cast<std::int64_t>(found.workspace_bytes);
  choice.version = static_cast<std::int64_t>(lt_.version());
  return cublas_lt_program(product_, choice);
}

void CublasLt::check(Status status, const char* doing) const {
  if (status == 0) return;
  throw Error(ErrorKind::unavailable, fmt::format("cuBLASLt: {}: status {} ({})", doing, status, library_.path()));
}

CublasLt::Handle CublasLt::layout(const PlainProduct::Matrix& matrix, std::int64_t rows,
                                  std::int64_t columns) const {
  Handle made = nullptr;
  check(lt_.layout_create(&made, data_type(matrix.type), static_cast<std::uint64_t>(rows),
                          static_cast<std::uint64_t>(columns), matrix.leading),
        "describing a matrix");
  if (product_.batch > 1) {
    const auto count = static_cast<std::int32_t>(product_.batch);
    check(lt_.layout_set(made, kBatchCount, &count, sizeof count), "describing a batch");
    check(lt_.layout_set(made, kBatchStride, &matrix.batch_stride, sizeof matrix.batch_stride), "describing a batch");
  }
  return made;
}

std::optional<Failure> CublasLt::enqueue(CudaDevice& device, int algorithm, cuda::Stream stream) {
  Scalar one{}, zero{};
  if (product_.accumulate == DType::i32) one.i32 = 1;
  else if (product_.accumulate == DType::f64) one.f64 = 1;
  else one.f32 = 1;
  if (product_.bias >= 0) {  // another buffer at each turn
    const void* const bias = reinterpret_cast<const void*>(device.address(product_.bias));
    if (lt_.desc_set(desc_, kBiasPointer, &bias, sizeof bias) != 0) return Failure{OutcomeKind::launch_failed, "cuBLASLt: setting the bias"};
  }
  const auto at = [&](int tensor) { return reinterpret_cast<void*>(device.address(tensor)); };
  const Heuristic& chosen = found_.at(static_cast<std::size_t>(algorithm));
  const Status status = lt_.matmul(handle_, desc_, &one, at(product_.b.tensor), b_, at(product_.a.tensor), a_,
                                   &zero, at(product_.c.tensor), c_, at(product_.c.tensor), c_,
                                   &chosen.algorithm, reinterpret_cast<void*>(workspace_),
                                   chosen.workspace_bytes, stream);
  if (status == 0) return std::nullopt;
  return Failure{OutcomeKind::launch_failed, fmt::format("cuBLASLt: status {}", status)};
}

}  // namespace perftune
