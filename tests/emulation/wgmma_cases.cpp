// cuda/wgmma: the directions of operands, rings, clusters, splits, turned tiles. tests/cuda/
// wgmma_test.cpp has more; these are the ones that the planted defects of mutations.py need.
#include "codegen/cuda/contraction_wgmma.hpp"
#include "tests/emulation/emitted_case.hpp"

namespace perftune::testing {

std::vector<EmittedCase> wgmma_cases() {
  static const WgmmaContractionEmitter wgmma;
  const auto add = [](std::vector<EmittedCase>& to, const char* name, const std::string& a,
                      const std::string& b, const std::string& dims, const std::string& knobs,
                      const std::string& type = "bf16") {
    const std::string yaml = "name: t\ndims: {" + dims + "}\ninputs: {A: \"" + type + "[" + a +
                             "]\", B: \"" + type + "[" + b +
                             "]\"}\noutputs: {C: \"f32[m,n]\"}\ncompute:\n  - C[m,n] = sum[k](A[" +
                             a + "] * B[" + b + "])\n";
    const auto tiles = ContractionTiles::from(
        TileProgram::parse("contraction cuda/wgmma producers=4 " + knobs));
    to.push_back({name, yaml, &wgmma, tiles, "h200"});
  };
  const std::string tile = "block_k=64 block_m=64 block_n=32 warp_m=16 warp_n=32 vector_c=4 ";
  std::vector<EmittedCase> all;
  add(all, "wgmma_nt", "m,k", "n,k", "m: 136, n: 72, k: 520", tile + "stages=3 raster=2");
  add(all, "wgmma_tn_panels", "k,m", "k,n", "m: 200, n: 104, k: 328",
      "block_k=64 block_m=128 block_n=96 warp_m=16 warp_n=96 stages=2 vector_c=4");
  add(all, "wgmma_two_products", "m,k", "n,k", "m: 136, n: 24, k: 328",
      "block_k=64 block_m=128 block_n=16 warp_m=32 warp_n=16 stages=2 vector_c=4");
  add(all, "wgmma_deep", "m,k", "n,k", "m: 72, n: 40, k: 392",
      "block_k=128 block_m=64 block_n=16 warp_m=16 warp_n=16 stages=2 vector_c=4");
  add(all, "wgmma_cluster", "m,k", "k,n", "m: 200, n: 136, k: 328",
      tile + "stages=2 cluster_m=2 cluster_n=2");
  add(all, "wgmma_split", "m,k", "n,k", "m: 136, n: 40, k: 712", tile + "stages=2 split_k=3");
  add(all, "wgmma_stream", "m,k", "n,k", "m: 136, n: 72, k: 520", tile + "stages=2 stream_k=1");
  add(all, "wgmma_promote", "m,k", "n,k", "m: 136, n: 40, k: 656",
      "block_k=64 block_m=64 block_n=32 warp_m=16 warp_n=32 stages=3 vector_c=4 promote=2", "f8e4m3");
  add(all, "wgmma_swap", "m,k", "n,k", "m: 13, n: 136, k: 328",
      "block_k=64 block_m=8 block_n=64 warp_m=8 warp_n=16 stages=3 swap=1 vector_c=4");
  add(all, "wgmma_tensor_store", "m,k", "n,k", "m: 136, n: 104, k: 136",
      "block_k=64 block_m=64 block_n=96 warp_m=16 warp_n=96 stages=2 tensor_store=1 vector_c=2");
  add(all, "wgmma_tensor_store_even", "m,k", "n,k", "m: 136, n: 264, k: 136",
      "block_k=64 block_m=64 block_n=128 warp_m=16 warp_n=128 stages=2 tensor_store=1 vector_c=2");
  return all;
}

}  // namespace perftune::testing
