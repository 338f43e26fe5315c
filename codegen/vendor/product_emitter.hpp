// Emits matrix products that a vendor's CPU library computes, for `vendor/openblas` and `vendor/onednn`: f32,
// one routine call per batch, no epilogue (codegen/plain_product.hpp says which operators these are).
//
// The emitted text is a host kernel like any other, with the same entry point, so it is compiled, verified,
// timed, stored and launched like any other. It loads the library when it is made ready: beside
// `perftune_vendor_product` it exports `perftune_vendor_product_ready`, which says what is missing
// (executor/loaded_library.hpp). Only the version that the program names will do. Stateless; thread-safe.
#pragma once

#include "codegen/emitter.hpp"
#include "codegen/plain_product.hpp"
#include "codegen/vendor/vendor_target.hpp"

namespace perftune {

class VendorProductEmitter final : public Emitter {
 public:
  explicit VendorProductEmitter(const VendorTarget& vendor) : vendor_(vendor) {}

  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return vendor_.target; }
  Reading read(const Operator& op) const override;
  Kernel emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
  Launch bind(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;

 private:
  const VendorTarget& vendor_;
};

// The program by which version `version` of the library computes `op`; nullopt with `why_not` set.
std::optional<TileProgram> vendor_program(const VendorTarget& vendor, const Operator& op, std::int64_t version,
                                          std::string& why_not);

// The kernel's text (product_source.cpp).
std::string vendor_product_source(const VendorTarget& vendor, const TileProgram& program);

}  // namespace perftune
