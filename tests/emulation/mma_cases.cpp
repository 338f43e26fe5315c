// cuda/mma: the ways of reading fragments, pipelines, splits, ragged edges. tests/cuda/mma_test.cpp
// has more; these are the ones that the planted defects of mutations.py need.
#include "codegen/cuda/contraction_mma.hpp"
#include "tests/emulation/emitted_case.hpp"

namespace perftune::testing {

std::vector<EmittedCase> mma_cases() {
  static const MmaContractionEmitter mma;
  const auto add = [](std::vector<EmittedCase>& to, const char* name, const std::string& type,
                      const std::string& a, const std::string& b, const std::string& dims,
                      const std::string& knobs, double most_wavefronts = 0) {
    const std::string yaml = "name: t\ndims: {" + dims + "}\ninputs: {A: \"" + type + "[" + a +
                             "]\", B: \"" + type + "[" + b +
                             "]\"}\noutputs: {C: \"" + (type == "i8" ? "i32" : "f32") + "[m,n]\"}\ncompute:\n  - C[m,n] = sum[k](A[" +
                             a + "] * B[" + b + "])\n";
    const auto tiles = ContractionTiles::from(TileProgram::parse("contraction cuda/mma " + knobs));
    to.push_back({name, yaml, &mma, tiles, "a100", most_wavefronts});
  };
  const std::string tile = "block_m=32 block_n=64 block_k=32 warp_m=16 warp_n=32 ";
  const std::string ragged = "m: 56, n: 72, k: 264";
  std::vector<EmittedCase> all;
  add(all, "mma_nn", "f16", "m,k", "k,n", ragged,
      tile + "stages=3 vector_a=8 vector_b=8 vector_c=4");
  add(all, "mma_nt_odd", "bf16", "m,k", "n,k", "m: 33, n: 67, k: 171", tile + "stages=2");
  add(all, "mma_tf32_tn", "tf32", "k,m", "k,n", "m: 36, n: 68, k: 300",
      tile + "stages=4 vector_a=4 vector_b=4 vector_c=4");
  add(all, "mma_split_k", "f16", "m,k", "k,n", "m: 40, n: 72, k: 504",
      tile + "split_k=3 vector_a=8 vector_b=8 vector_c=4");
  add(all, "mma_slice_k", "f16", "m,k", "n,k", ragged,
      tile + "slice_k=2 vector_a=8 vector_b=8 vector_c=4");
  add(all, "mma_without_conflicts", "f16", "m,k", "k,n", "m: 64, n: 64, k: 128",
      "block_m=64 block_n=64 block_k=64 warp_m=32 warp_n=32 vector_a=8 vector_b=8 vector_c=4", 1);
  add(all, "mma_stream_k", "f16", "m,k", "k,n", ragged,
      tile + "stages=3 stream_k=1 vector_a=8 vector_b=8 vector_c=4");
  add(all, "mma_bytes_tn", "i8", "k,m", "k,n", "m: 128, n: 128, k: 208",
      "block_m=128 block_n=128 block_k=64 warp_m=32 warp_n=32 vector_a=16 vector_b=16 vector_c=4", 1);
  add(all, "mma_bytes_tt", "i8", "k,m", "n,k", "m: 72, n: 72, k: 208",
      "block_m=64 block_n=64 block_k=64 warp_m=32 warp_n=32 vector_a=8 vector_b=16 vector_c=4 stages=3", 1);
  return all;
}

}  // namespace perftune::testing
