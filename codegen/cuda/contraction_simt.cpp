#include "codegen/cuda/contraction_simt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "codegen/cuda/contraction_legality.hpp"
#include "codegen/cuda/divisor.hpp"
#include "codegen/cuda/operand_printer.hpp"
#include "codegen/cuda/problem_printer.hpp"
#include "codegen/cuda/shrink_contraction.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

constexpr const char* kEntry = "contraction_simt";

Contraction canonical(const Operator& op) {
  auto result = canonicalise_contraction(op);
  if (!result.form) {
    std::fputs(("not a contraction: " + result.why_not + "\n").c_str(), stderr);
    std::abort();  // every method but illegal() requires a legal pair
  }
  return *std::move(result.form);
}

std::string print_tiles(const ContractionTiles& t, const SimtMapping& map) {
  return fmt::format(
      "  struct Tiles {{\n"
      "    static constexpr int block_m = {}, block_n = {}, block_k = {}, stages = {};\n"
      "    static constexpr int warp_m = {}, warp_n = {}, thread_m = {}, thread_n = {};\n"
      "    static constexpr int split_k = {}, slice_k = {}, raster = {};\n"
      "    static constexpr int period_m = {}, period_n = {}, depth_vector = {};\n"
      "    static constexpr bool dot4 = {};\n"
      "    static constexpr int shared_bytes = {};\n"
      "  }};\n",
      t.block_m, t.block_n, t.block_k, t.stages, t.warp_m, t.warp_n, t.thread_m, t.thread_n,
      t.split_k, t.slice_k, t.raster, map.period_m, map.period_n, map.depth_vector, map.dot4,
      map.shared_bytes);
}

// The source and its arguments come from one pass, so that they cannot disagree.
struct Printed {
  std::string source;
  ArgumentList arguments;
};

Printed print(const Contraction& form, const ContractionTiles& t, const TileProgram& program,
              const Hardware& hardware) {
  const SimtMapping map = SimtMapping::of(form, t);
  Printed printed;
  ProblemPrinter problem(form, t, printed.arguments);
  std::string body = print_tiles(t, map);
  body += problem.operands(map.a_along_k, map.b_along_k);
  body += problem.finish();
  problem.grid_arguments();
  printed.source = problem.source(program, hardware, "contraction_simt.cuh", kEntry,
                                  "pt::ContractionSimt", body,
                                  SimtRegisters::of(form, t, map, hardware).min_blocks);
  return printed;
}

bool power_of_two(int x) { return x > 0 && (x & (x - 1)) == 0; }

// What the device header's static_asserts demand of the tiles, as sentences.
std::optional<std::string> bad_shape(const ContractionTiles& t) {
  if (t.thread_m < 1 || t.thread_n < 1) return "thread_m and thread_n must be at least 1";
  if (t.warp_m % t.thread_m != 0 || t.warp_n % t.thread_n != 0 ||
      t.warp_m / t.thread_m * (t.warp_n / t.thread_n) != 32)
    return "a warp tile must be 32 thread tiles";
  if (!power_of_two(t.slice_k) || t.block_k % t.slice_k != 0)
    return "slice_k must be a power of two that divides block_k";
  if (t.stream_k != 0 || t.cluster_m != 1 || t.cluster_n != 1 || t.swap != 0)
    return "stream_k, clusters and swap are for tensor-core targets";
  if (t.thread_n % t.vector_c != 0) return "vector_c must divide thread_n";
  return std::nullopt;
}

// A thread's share of one operand's tile, in vectors: each takes an address, a predicate and,
// where there is no cp.async, a register or more.
constexpr int kMostLoads = 16;
bool too_many_vectors(int rows, int depth, int vector, int threads) {
  return (rows * depth / vector + threads - 1) / threads > kMostLoads;
}

std::optional<std::string> bad_operand(const char* name, const Access& access, bool along_k,
                                       int rows, int vector, const ContractionTiles& t) {
  const int element = static_cast<int>(size_bytes(access.type));
  if (access.type == DType::tf32) return "tf32 products need a tensor core";
  if (access.type == DType::boolean) return fmt::format("{} is bool", name);
  if ((along_k ? t.block_k : rows) % vector != 0)
    return fmt::format("vector_{0} does not divide the tile of {0}", name);
  if (along_k && (!power_of_two(t.block_k) || t.block_k * element % 16 != 0))
    return fmt::format("block_k must be a power of two, and of {} whole 16-byte chunks", name);
  if (too_many_vectors(rows, t.block_k, vector, t.threads()))
    return fmt::format("more than {} loads of {} per thread and step", kMostLoads, name);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> SimtContractionEmitter::illegal(const Operator& op,
                                                           const TileProgram& program,
                                                           const Hardware& hardware) const {
  const auto canonicalised = canonicalise_contraction(op);
  if (!canonicalised.form) return canonicalised.why_not;
  const Contraction& form = *canonicalised.form;
  const auto t = ContractionTiles::from(program);
  if (auto why = bad_block(form, t, hardware)) return why;
  if (auto why = bad_shape(t)) return why;
  if (!is_floating(form.accumulate) && (is_floating(form.a.type) || is_floating(form.b.type)))
    return "floating-point operands cannot be accumulated in integers";
  const SimtMapping map = SimtMapping::of(form, t);
  if (auto why = bad_vectors(form, t, map.a_along_k, map.b_along_k)) return why;
  if (auto why = bad_operand("a", form.a, map.a_along_k, t.block_m, t.vector_a, t)) return why;
  if (auto why = bad_operand("b", form.b, map.b_along_k, t.block_n, t.vector_b, t)) return why;
  if (!power_of_two(map.period_n) || t.thread_n % map.period_n != 0)
    return "vector_c and the vectors of b do not nest";
  const SimtRegisters registers = SimtRegisters::of(form, t, map, hardware);
  if (registers.needed > registers.bound)
    return fmt::format("needs about {} registers per thread, {} available", registers.needed,
                       registers.bound);
  return bad_shared(map.shared_bytes, hardware);
}

Kernel SimtContractionEmitter::emit(const Operator& op, const TileProgram& program,
                                    const Hardware& hardware) const {
  const Contraction form = canonical(op);
  const auto t = ContractionTiles::from(program);
  Printed printed = print(form, t, program, hardware);
  Kernel kernel;
  kernel.program = program;
  kernel.entry = kEntry;
  kernel.source = std::move(printed.source);
  kernel.arguments = printed.arguments.arguments();
  kernel.threads_per_block = t.threads();
  kernel.min_blocks_per_sm =
      SimtRegisters::of(form, t, SimtMapping::of(form, t), hardware).min_blocks;
  return kernel;
}

Launch SimtContractionEmitter::bind(const Operator& op, const TileProgram& program,
                                    const Hardware& hardware) const {
  const Contraction form = canonical(op);
  const auto t = ContractionTiles::from(program);
  Launch launch = contraction_launch(form, t, form.accumulate == DType::f64 ? 8 : 4);
  launch.dynamic_shared_bytes = SimtMapping::of(form, t).shared_bytes;
  launch.scalars = print(form, t, program, hardware).arguments.values();
  return launch;
}

Resources SimtContractionEmitter::estimate(const Operator& op, const TileProgram& program,
                                           const Hardware& hardware) const {
  const Contraction form = canonical(op);
  const auto t = ContractionTiles::from(program);
  const SimtMapping map = SimtMapping::of(form, t);
  Resources resources;
  resources.shared_bytes = map.shared_bytes;
  resources.registers = SimtRegisters::of(form, t, map, hardware).expected;
  return resources;
}

Operator SimtContractionEmitter::shrink(const Operator& op, const TileProgram& program) const {
  const auto t = ContractionTiles::from(program);
  Hardware any;  // the text's dependence on it is the same on both sides
  const std::string source = print(canonical(op), t, program, any).source;
  return shrink_contraction(op, t, [&](const Contraction& form) {
    const SimtMapping map = SimtMapping::of(form, t);
    return !bad_vectors(form, t, map.a_along_k, map.b_along_k) &&
           print(form, t, program, any).source == source;
  });
}

}  // namespace perftune
