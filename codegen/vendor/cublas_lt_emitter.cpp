#include "codegen/vendor/cublas_lt_emitter.hpp"

#include <bit>
#include <cstdlib>

#include "codegen/vendor/cublas_lt_types.hpp"

namespace perftune {
namespace {

std::optional<PlainProduct> product_of(const Operator& op, std::string& why_not) {
  auto product = fused_product(op, why_not);
  if (!product) return std::nullopt;
  for (const DType type : {product->a.type, product->b.type, product->c.type, product->accumulate})
    if (!cublas_lt::data_type(type)) why_not = "cuBLASLt has no type for " + std::string(name(type));
  if (!why_not.empty()) return std::nullopt;
  return product;
}

std::string knob(std::size_t word) { return "algorithm_" + std::to_string(word); }

CublasLtChoice choice_of(const TileProgram& program) {
  CublasLtChoice choice;
  for (std::size_t i = 0; i < choice.algorithm.size(); ++i)
    choice.algorithm[i] = std::bit_cast<std::uint64_t>(program.get(knob(i), 0));
  choice.workspace_bytes = program.get("workspace", 0);
  choice.version = program.get("version", 0);
  return choice;
}

PlainProduct require(const Operator& op) {
  std::string why_not;
  const auto product = product_of(op, why_not);
  if (!product) std::abort();  // callers ask illegal() first
  return *product;
}

}  // namespace

TileProgram cublas_lt_program(const PlainProduct& product, const CublasLtChoice& choice) {
  TileProgram program{"contraction", "vendor/cublaslt",
                      {{"epilogue", cublas_lt::epilogue(product)}, {"transpose_a", product.a.transposed},
                       {"transpose_b", product.b.transposed}, {"version", choice.version},
                       {"workspace", choice.workspace_bytes}}};
  for (std::size_t i = 0; i < choice.algorithm.size(); ++i)
    if (choice.algorithm[i] != 0) program.knobs[knob(i)] = std::bit_cast<std::int64_t>(choice.algorithm[i]);
  return program;
}

Emitter::Reading CublasLtEmitter::read(const Operator& op) const {
  std::string why_not;
  const auto product = product_of(op, why_not);
  return {[product, why_not](const TileProgram& program, const Hardware& hardware) -> std::optional<std::string> {
            if (hardware.kind != Hardware::Kind::gpu) return "a library of GPUs";
            if (!product) return why_not;
            const CublasLtChoice choice = choice_of(program);
            if (choice.version < 1 || choice.workspace_bytes < 0 || program != cublas_lt_program(*product, choice))
              return "not how cuBLASLt is called for this operator";
            return std::nullopt;
          },
          [](const TileProgram&, const Hardware&) { return Resources{}; }};
}

Kernel CublasLtEmitter::emit(const Operator& op, const TileProgram& program, const Hardware&) const {
  const PlainProduct p = require(op);
  Kernel kernel;
  kernel.language = Kernel::Language::cpp;
  kernel.program = program;
  kernel.entry = "perftune_cublas_lt";
  kernel.source = cublas_lt_source(p, program);
  kernel.arguments = {{Argument::Kind::tensor, p.a.tensor, "A"},
                      {Argument::Kind::tensor, p.b.tensor, "B"},
                      {Argument::Kind::tensor, p.c.tensor, "C"}};
  if (p.bias >= 0) kernel.arguments.push_back({Argument::Kind::tensor, p.bias, "bias"});
  kernel.arguments.push_back({Argument::Kind::workspace, -1, "workspace"});
  for (const char* scalar : {"batch", "m", "n", "k", "leading_a", "leading_b", "leading_c", "stride_a", "stride_b", "stride_c"})
    kernel.arguments.push_back({Argument::Kind::scalar, -1, scalar});
  return kernel;
}

Launch CublasLtEmitter::bind(const Operator& op, const TileProgram& program, const Hardware&) const {
  const PlainProduct p = require(op);
  Launch launch;
  launch.workspace_bytes = program.get("workspace", 0);
  launch.scalars = {p.batch,     p.m,         p.n,         p.k, p.a.leading, p.b.leading,
                    p.c.leading, p.a.batch_stride, p.b.batch_stride, p.c.batch_stride};
  return launch;
}

Operator CublasLtEmitter::shrink(const Operator& op, const TileProgram&) const { return op; }

}  // namespace perftune
