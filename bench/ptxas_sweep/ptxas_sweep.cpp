// What ptxas makes of constructed programs of one target against what the emitter expects of them:
// one CSV row per (type, transposition, GPU, program). The register formula of
// codegen/cuda/simt_registers.cpp was fitted to its output.
//
// Usage: ptxas_sweep simt|mma [PROGRAMS_PER_CASE] [SEED]
#include <fmt/core.h>

#include <cstdlib>
#include <random>
#include <string>
#include <variant>

#include "codegen/cuda/contraction_mma.hpp"
#include "codegen/cuda/contraction_simt.hpp"
#include "codegen/cuda/simt_rules.hpp"
#include "executor/nvrtc.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/construct/contraction_gpu.hpp"

using namespace perftune;

namespace {

struct Case {
  const char *type, *accumulate, *out, *a, *b;
};

constexpr Case kCases[] = {
    {"f32", "f32", "f32", "m,k", "k,n"},   {"f32", "f32", "f32", "m,k", "n,k"},
    {"f32", "f32", "f32", "k,m", "k,n"},   {"f16", "f32", "f16", "m,k", "k,n"},
    {"f16", "f32", "f16", "m,k", "n,k"},   {"bf16", "f32", "bf16", "k,m", "n,k"},
    {"f64", "f64", "f64", "m,k", "k,n"},   {"i8", "i32", "i32", "m,k", "n,k"},
    {"i8", "i32", "i32", "m,k", "k,n"},    {"tf32", "f32", "f32", "m,k", "k,n"},
    {"f8e4m3", "f32", "f16", "m,k", "n,k"},
};
constexpr const char* kShapes[] = {"{m: 4096, n: 4096, k: 1024}", "{m: 1, n: 4096, k: 4096}",
                                   "{m: 130, n: 1000, k: 999}", "{m: 64, n: 64, k: 65536}"};

void sweep(const Emitter& emitter, const Constructor& constructor, const Case& c,
           const char* shape, const Hardware& hardware, const Nvrtc& nvrtc,
           std::size_t programs, std::mt19937_64& random) {
  const std::string text = fmt::format(
      "name: sweep\ndims: {}\ninputs: {{A: \"{}[{}]\", B: \"{}[{}]\"}}\noutputs: {{C: \"{}[m,n]\"}}\n"
      "accumulate: {}\ncompute:\n  - C[m,n] = sum[k](A[{}] * B[{}])\n",
      shape, c.type, c.a, c.type, c.b, c.out, c.accumulate, c.a, c.b);
  const Operator op = parse_operator_text(text, "sweep").front().op;
  std::string why_not;
  auto made = constructor.construct(op, hardware, 20, why_not);
  std::shuffle(made.begin(), made.end(), random);
  if (made.size() > programs) made.resize(programs);
  const Contraction form = *canonicalise_contraction(op).form;
  for (const Constructed& one : made) {
    const auto t = ContractionTiles::from(one.program);
    const SimtMapping map = SimtMapping::of(form, t);
    const auto result = nvrtc.compile(emitter.emit(op, one.program, hardware), hardware.arch);
    if (const auto* failure = std::get_if<Failure>(&result)) {
      fmt::print(stderr, "{}: {}\n", one.program.text(), failure->detail);
      continue;
    }
    const Resources& found = std::get<CompiledKernel>(result).resources;
    fmt::print("{},\"{}\",\"{}\",{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", c.type, c.a,
               c.b, hardware.arch, found.registers, emitter.estimate(op, one.program, hardware).registers,
               found.spill_bytes, t.thread_m, t.thread_n, map.depth_vector, map.a_along_k,
               map.b_along_k, t.vector_a, t.vector_b, t.block_m, t.block_n, t.block_k, t.threads(),
               t.stages, t.slice_k, t.split_k, map.dot4, t.vector_c, t.warp_m,
               t.warp_n);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  const bool tensor = argc > 1 && std::string(argv[1]) == "mma";
  const auto programs = static_cast<std::size_t>(argc > 2 ? std::atoi(argv[2]) : 4);
  std::mt19937_64 random(argc > 3 ? static_cast<std::uint64_t>(std::atoll(argv[3])) : 1);
  const SimtContractionEmitter simt;
  const MmaContractionEmitter mma;
  const Emitter& emitter = tensor ? static_cast<const Emitter&>(mma) : simt;
  const ContractionGpuConstructor constructor(tensor ? mma_class() : simt_class(), emitter);
  const Nvrtc nvrtc;
  fmt::print(
      "type,a,b,arch,registers,estimated,spill_bytes,thread_m,thread_n,depth_vector,a_along_k,"
      "b_along_k,vector_a,vector_b,block_m,block_n,block_k,threads,stages,slice_k,split_k,dot4,"
      "vector_c,warp_m,warp_n\n");
  for (const char* gpu : {"t4", "a100", "h200", "b200"})
    for (const Case& c : kCases)
      for (const char* shape : kShapes)
        sweep(emitter, constructor, c, shape, find_hardware(gpu), nvrtc, programs, random);
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "ptxas_sweep: {}\n", error.what());
  return 1;
}
