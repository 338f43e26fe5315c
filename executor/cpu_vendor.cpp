#include "executor/cpu_vendor.hpp"

#include <cstdlib>
#include <memory>
#include <utility>

#include "executor/plain_product.hpp"
#include "executor/vendor_library.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

// cblas.h
constexpr int kRowMajor = 101, kPlain = 111, kTransposed = 112;
using CblasSgemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                            float alpha, const float* a, int lda, const float* b, int ldb, float beta,
                            float* c, int ldc);
// oneapi/dnnl/dnnl.h: row-major, as the rest of that library
using DnnlSgemm = int (*)(char transpose_a, char transpose_b, std::int64_t m, std::int64_t n,
                          std::int64_t k, float alpha, const float* a, std::int64_t lda, const float* b,
                          std::int64_t ldb, float beta, float* c, std::int64_t ldc);
using SetThreads = void (*)(int);

struct Data {
  const float* a;
  const float* b;
  float* c;
};

Data data_of(const PlainProduct& p, CpuDevice& device) {
  const auto at = [&](int tensor) { return reinterpret_cast<float*>(device.tensor(tensor).data()); };
  return {at(p.a.tensor), at(p.b.tensor), at(p.c.tensor)};
}

VendorCall openblas(const PlainProduct& p, CpuDevice& device) {
  // Its threads would spin for 26 ms after a call on the cores that the next contender needs. It reads
  // this while it is loaded.
  ::setenv("OPENBLAS_THREAD_TIMEOUT", "16", 0);
  const auto library = std::make_shared<VendorLibrary>(
      "OpenBLAS", std::vector<std::string>{"libopenblas.so.0", "libopenblas.so"}, LibrarySearch{});
  CblasSgemm sgemm = nullptr;
  SetThreads set_threads = nullptr;
  library->bind_required(sgemm, "cblas_sgemm");
  library->bind_required(set_threads, "openblas_set_num_threads");
  set_threads(device.threads());
  const Data data = data_of(p, device);
  return {"OpenBLAS", [library, sgemm, p, data] {
            const auto narrow = [](std::int64_t x) { return static_cast<int>(x); };
            for (std::int64_t i = 0; i < p.batch; ++i)
              sgemm(kRowMajor, p.a.transposed ? kTransposed : kPlain, p.b.transposed ? kTransposed : kPlain,
                    narrow(p.m), narrow(p.n), narrow(p.k), 1.0F, data.a + i * p.a.batch_stride,
                    narrow(p.a.leading), data.b + i * p.b.batch_stride, narrow(p.b.leading), 0.0F,
                    data.c + i * p.c.batch_stride, narrow(p.c.leading));
          }};
}

VendorCall onednn(const PlainProduct& p, CpuDevice& device) {
  ::setenv("OMP_NUM_THREADS", std::to_string(device.threads()).c_str(), 1);  // its OpenMP reads it once
  const auto library = std::make_shared<VendorLibrary>(
      "oneDNN", std::vector<std::string>{"libdnnl.so.3", "libdnnl.so.2", "libdnnl.so"}, LibrarySearch{});
  DnnlSgemm sgemm = nullptr;
  library->bind_required(sgemm, "dnnl_sgemm");
  const Data data = data_of(p, device);
  return {"oneDNN", [library, sgemm, p, data] {
            for (std::int64_t i = 0; i < p.batch; ++i)
              sgemm(p.a.transposed ? 'T' : 'N', p.b.transposed ? 'T' : 'N', p.m, p.n, p.k, 1.0F,
                    data.a + i * p.a.batch_stride, p.a.leading, data.b + i * p.b.batch_stride, p.b.leading,
                    0.0F, data.c + i * p.c.batch_stride, p.c.leading);
          }};
}

}  // namespace

std::vector<VendorCall> cpu_vendor_calls(const Operator& op, CpuDevice& device,
                                         std::vector<std::string>& missing) {
  std::string why_not;
  const auto product = plain_product(op, why_not);
  if (product && (product->a.type != DType::f32 || product->b.type != DType::f32 ||
                  product->c.type != DType::f32 || product->accumulate != DType::f32))
    why_not = "only f32 products are compared on a CPU";
  if (!why_not.empty()) {
    missing.push_back("OpenBLAS, oneDNN: " + why_not);
    return {};
  }
  std::vector<VendorCall> calls;
  for (const auto make : {onednn, openblas}) {
    try {
      calls.push_back(make(*product, device));
    } catch (const Error& error) {
      missing.emplace_back(error.what());
    }
  }
  return calls;
}

}  // namespace perftune
