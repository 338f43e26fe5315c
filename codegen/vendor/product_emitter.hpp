// Emits matrix products that a vendor's CPU library computes, for `vendor/openblas` and `vendor/onednn`: f32,
// one routine call per batch, no epilogue (codegen/plain_product.hpp says which operators these are).
//
// The emitted text is a host kernel like any other, with the same entry point, so it is compiled, verified,
// timed, stored and launched like any other. It loads the library when it is made ready: beside
// `perftune_vendor_product` it exports `perftune_vendor_product_ready`, which says what is missing
// (executor/loaded_library.hpp). Only the version that the program names will do. Stateless; thread-safe.
#pragma once

#include "codegen/emitter.hpp"
#include "codegen/vendor/product_rules.hpp"

namespace perftune {

class VendorProductEmitter final : public EmitterOver<VendorProductRules> {
 public:
  explicit VendorProductEmitter(const VendorTarget& vendor) : EmitterOver(vendor) {}

  Kernel emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

// The kernel's text (product_source.cpp).
std::string vendor_product_source(const VendorTarget& vendor, const TileProgram& program);

}  // namespace perftune
