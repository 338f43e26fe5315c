#include "bench/cpu_gemm/vendor.hpp"

#include <dnnl.h>

#include <vector>

// Of cblas.h and omp.h, declared here: OpenBLAS' header is not where every distribution looks.
extern "C" {
void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                 const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc);
void openblas_set_num_threads(int threads);
void omp_set_num_threads(int threads);  // oneDNN's threads
}

namespace perftune::bench {
namespace {

constexpr int row_major = 101, plain = 111, transposed = 112;

}  // namespace

void run_onednn(const Problem& p, const float* a, const float* b, float* c) {
  for (std::int64_t i = 0; i < p.batch; ++i)
    dnnl_sgemm(p.a_transposed ? 'T' : 'N', p.b_transposed ? 'T' : 'N', p.m, p.n, p.k, 1.0f,
               a + i * p.m * p.k, p.a_transposed ? p.m : p.k, b + i * p.k * p.n,
               p.b_transposed ? p.k : p.n, 0.0f, c + i * p.m * p.n, p.n);
}

void run_openblas(const Problem& p, const float* a, const float* b, float* c) {
  const auto narrow = [](std::int64_t x) { return static_cast<int>(x); };
  for (std::int64_t i = 0; i < p.batch; ++i)
    cblas_sgemm(row_major, p.a_transposed ? transposed : plain,
                p.b_transposed ? transposed : plain, narrow(p.m), narrow(p.n), narrow(p.k), 1.0f,
                a + i * p.m * p.k, narrow(p.a_transposed ? p.m : p.k), b + i * p.k * p.n,
                narrow(p.b_transposed ? p.k : p.n), 0.0f, c + i * p.m * p.n, narrow(p.n));
}

void start_vendors(int threads) {
  omp_set_num_threads(threads);
  openblas_set_num_threads(threads);
  Problem p;
  p.m = p.n = p.k = 256;
  const std::vector<float> a(256 * 256, 1.0f);
  std::vector<float> c(256 * 256);
  run_onednn(p, a.data(), a.data(), c.data());
  run_openblas(p, a.data(), a.data(), c.data());
}

}  // namespace perftune::bench
