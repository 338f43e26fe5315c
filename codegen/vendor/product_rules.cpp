#include "codegen/vendor/product_rules.hpp"

#include <cstdlib>
#include <limits>

#include "codegen/argument_list.hpp"
#include "codegen/plain_product.hpp"

namespace perftune {
namespace {

std::optional<PlainProduct> f32_product(const Operator& op, std::string& why_not) {
  auto product = plain_product(op, why_not);
  if (!product) return std::nullopt;
  const bool f32 = product->a.type == DType::f32 && product->b.type == DType::f32 && product->c.type == DType::f32 &&
                   product->accumulate == DType::f32;
  if (!f32) why_not = "only f32 products go to a library on a CPU";
  // BLAS counts in int.
  for (const std::int64_t count : {product->m, product->n, product->k, product->a.leading, product->b.leading,
                                   product->c.leading})
    if (f32 && (count < 1 || count > std::numeric_limits<int>::max())) why_not = "an extent beyond what BLAS counts";
  if (!why_not.empty()) return std::nullopt;
  return product;
}

TileProgram program_of(const VendorTarget& vendor, const PlainProduct& product, std::int64_t version) {
  return {"contraction", std::string(vendor.target),
          {{"transpose_a", product.a.transposed}, {"transpose_b", product.b.transposed}, {"version", version}}};
}

PlainProduct require(const Operator& op) {
  std::string why_not;
  const auto product = f32_product(op, why_not);
  if (!product) std::abort();  // callers ask illegal() first
  return *product;
}

}  // namespace

std::optional<TileProgram> vendor_program(const VendorTarget& vendor, const Operator& op, std::int64_t version,
                                          std::string& why_not) {
  const auto product = f32_product(op, why_not);
  if (!product) return std::nullopt;
  return program_of(vendor, *product, version);
}

LaunchRules::Reading VendorProductRules::read(const Operator& op) const {
  std::string why_not;
  const auto product = f32_product(op, why_not);
  return {[this, product, why_not](const TileProgram& program, const Hardware& hardware) -> std::optional<std::string> {
            if (hardware.kind != Hardware::Kind::cpu) return "a library of the CPU's";
            if (!product) return why_not;
            const std::int64_t version = program.get("version", 0);
            if (version < 1 || program != program_of(vendor_, *product, version))
              return "not how " + std::string(vendor_.name) + " is called for this operator";
            return std::nullopt;
          },
          [](const TileProgram&, const Hardware&) { return Resources{}; }};
}

Launch VendorProductRules::bind(const Operator& op, const TileProgram&, const Hardware&) const {
  const PlainProduct p = require(op);
  ArgumentList list;
  list.tensor("A", p.a.type, false, p.a.tensor);
  list.tensor("B", p.b.type, false, p.b.tensor);
  list.tensor("C", p.c.type, true, p.c.tensor);
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
  put_arguments(list, launch);
  return launch;
}

}  // namespace perftune
