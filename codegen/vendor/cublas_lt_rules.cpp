#include "codegen/vendor/cublas_lt_rules.hpp"

#include <bit>
#include <cstdlib>

#include "codegen/argument_list.hpp"
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

LaunchRules::Reading CublasLtRules::read(const Operator& op) const {
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

Launch CublasLtRules::bind(const Operator& op, const TileProgram& program, const Hardware&) const {
  const PlainProduct p = require(op);
  ArgumentList list;
  list.tensor("A", p.a.type, false, p.a.tensor);
  list.tensor("B", p.b.type, false, p.b.tensor);
  list.tensor("C", p.c.type, true, p.c.tensor);
  if (p.bias >= 0) list.tensor("bias", p.c.type, false, p.bias);
  list.workspace();
  list.scalar("batch", p.batch);
  list.scalar("m", p.m);
  list.scalar("n", p.n);
  list.scalar("k", p.k);
  list.scalar("leading_a", p.a.leading);
  list.scalar("leading_b", p.b.leading);
  list.scalar("leading_c", p.c.leading);
  list.scalar("stride_a", p.a.batch_stride);
  list.scalar("stride_b", p.b.batch_stride);
  list.scalar("stride_c", p.c.batch_stride);
  Launch launch;
  launch.workspace_bytes = program.get("workspace", 0);
  put_arguments(list, launch);
  return launch;
}

}  // namespace perftune
