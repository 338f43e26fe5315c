#include "codegen/vendor/product_emitter.hpp"

#include <cstdlib>
#include <limits>

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

Emitter::Reading VendorProductEmitter::read(const Operator& op) const {
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

Kernel VendorProductEmitter::emit(const Operator& op, const TileProgram& program, const Hardware&) const {
  const PlainProduct p = require(op);
  Kernel kernel;
  kernel.language = Kernel::Language::cpp;
  kernel.program = program;
  kernel.entry = "perftune_vendor_product";
  kernel.source = vendor_product_source(vendor_, program);
  kernel.arguments = {{Argument::Kind::tensor, p.a.tensor, "A"},
                      {Argument::Kind::tensor, p.b.tensor, "B"},
                      {Argument::Kind::tensor, p.c.tensor, "C"}};
  for (const char* scalar : {"batch", "m", "n", "k", "leading_a", "leading_b", "leading_c", "stride_a", "stride_b", "stride_c"})
    kernel.arguments.push_back({Argument::Kind::scalar, -1, scalar});
  return kernel;
}

Launch VendorProductEmitter::bind(const Operator& op, const TileProgram&, const Hardware&) const {
  const PlainProduct p = require(op);
  Launch launch;
  launch.scalars = {p.batch,         p.m,           p.n,           p.k,           p.a.leading, p.b.leading,
                    p.c.leading, p.a.batch_stride, p.b.batch_stride, p.c.batch_stride};
  return launch;
}

Operator VendorProductEmitter::shrink(const Operator& op, const TileProgram&) const { return op; }

}  // namespace perftune
