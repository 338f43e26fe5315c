// cuda/simt: types, layouts, ragged edges, pipelines, splits and slices of k, batches, epilogues.
#include "codegen/cuda/contraction_simt.hpp"
#include "tests/emulation/emitted_case.hpp"

namespace perftune::testing {

namespace {

std::string matmul(const char* dims, const char* a, const char* b, const char* c,
                   const char* value = "sum[k](A[m,k] * B[k,n])", const char* more = "") {
  return std::string("name: t\ndims: {") + dims + "}\ninputs: {A: \"" + a + "\", B: \"" + b + "\"" +
         more + "}\noutputs: {C: \"" + c + "\"}\ncompute:\n  - C[m,n] = " + value + "\n";
}

ContractionTiles tiles(int m, int n, int k, int warp_m, int warp_n, int thread_m, int thread_n) {
  ContractionTiles t;
  t.block_m = m;
  t.block_n = n;
  t.block_k = k;
  t.warp_m = warp_m;
  t.warp_n = warp_n;
  t.thread_m = thread_m;
  t.thread_n = thread_n;
  return t;
}

ContractionTiles with(ContractionTiles t, int ContractionTiles::*knob, int value) {
  t.*knob = value;
  return t;
}

const ContractionTiles small = tiles(32, 64, 16, 16, 32, 4, 4);

}  // namespace

std::vector<EmittedCase> simt_cases() {
  static const SimtContractionEmitter simt;
  struct Case {
    const char* name;
    std::string yaml;
    ContractionTiles tiles;
    const char* gpu = "a100";
    double most_wavefronts = 0;
  };
  using T = ContractionTiles;
  const std::string ragged = "m: 67, n: 130, k: 83";
  const std::string even = "m: 64, n: 128, k: 96";
  const auto f32 = [](const std::string& dims) {
    return matmul(dims.c_str(), "f32[m,k]", "f32[k,n]", "f32[m,n]");
  };
  ContractionTiles vectors =
      with(with(with(small, &T::vector_a, 4), &T::vector_b, 4), &T::vector_c, 4);
  const std::vector<Case> cases{
      {"ragged_f32", f32(ragged), small},
      {"even_f32_vectors", f32(even), vectors, "a100", 1},
      {"four_stages", f32(even), with(vectors, &T::stages, 4)},
      {"turing_has_no_cp_async", f32(ragged), with(small, &T::stages, 2), "t4"},
      {"turing_vectors", f32(even), vectors, "t4"},
      {"split_k", f32("m: 67, n: 130, k: 300"), with(small, &T::split_k, 3)},
      {"split_k_with_an_empty_part", f32("m: 33, n: 65, k: 50"), with(small, &T::split_k, 4)},
      {"slice_k", f32(ragged), with(small, &T::slice_k, 2)},
      {"slice_and_split_k", f32("m: 67, n: 70, k: 200"),
       with(with(small, &T::slice_k, 2), &T::split_k, 2)},
      {"raster", f32("m: 200, n: 300, k: 40"), with(small, &T::raster, 4)},
      {"one_row", f32("m: 1, n: 130, k: 83"), small},
      {"f64", matmul(ragged.c_str(), "f64[m,k]", "f64[k,n]", "f64[m,n]"), small},
      {"f16", matmul(ragged.c_str(), "f16[m,k]", "f16[k,n]", "f16[m,n]"), small},
      {"bf16_vectors", matmul(even.c_str(), "bf16[m,k]", "bf16[k,n]", "bf16[m,n]"),
       with(with(small, &T::vector_a, 8), &T::vector_b, 8)},
      {"i8", matmul(even.c_str(), "i8[m,k]", "i8[n,k]", "i32[m,n]", "sum[k](A[m,k] * B[n,k])"),
       with(with(with(small, &T::vector_a, 16), &T::vector_b, 16), &T::block_k, 32), "a100", 1},
      {"transposed_a",
       matmul(ragged.c_str(), "f32[k,m]", "f32[k,n]", "f32[m,n]", "sum[k](A[k,m] * B[k,n])"),
       small},
      {"transposed_b",
       matmul(ragged.c_str(), "f32[m,k]", "f32[n,k]", "f32[m,n]", "sum[k](A[m,k] * B[n,k])"),
       small},
      {"transposed_b_vectors",
       matmul(even.c_str(), "f16[m,k]", "f16[n,k]", "f16[m,n]", "sum[k](A[m,k] * B[n,k])"),
       with(with(small, &T::vector_a, 8), &T::vector_b, 8), "a100", 1},
      {"bias_and_gelu",
       matmul(ragged.c_str(), "f32[m,k]", "f32[k,n]", "f32[m,n]",
              "gelu(sum[k](A[m,k] * B[k,n]) + bias[n])", ", bias: \"f32[n]\""),
       small},
      {"batched",
       "name: t\ndims: {b: 3, m: 40, n: 70, k: 50}\ninputs: {A: \"f32[b,m,k]\", B: "
       "\"f32[b,k,n]\"}\n"
       "outputs: {C: \"f32[b,m,n]\"}\ncompute:\n  - C[b,m,n] = sum[k](A[b,m,k] * B[b,k,n])\n",
       small},
  };
  std::vector<EmittedCase> all;
  for (const Case& c : cases)
    all.push_back({c.name, c.yaml, &simt, c.tiles, c.gpu, c.most_wavefronts});
  return all;
}

}  // namespace perftune::testing
