// Which matrix products a vendor's CPU library computes, for `vendor/openblas` and `vendor/onednn`, and how
// it is called: f32, one routine call per batch, no epilogue (codegen/plain_product.hpp says which operators
// these are). Stateless; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codegen/launch_rules.hpp"
#include "codegen/vendor/vendor_target.hpp"

namespace perftune {

class VendorProductRules final : public LaunchRules {
 public:
  explicit VendorProductRules(const VendorTarget& vendor) : vendor_(vendor) {}

  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return vendor_.target; }
  Reading read(const Operator& op) const override;
  Launch bind(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;

  const VendorTarget& vendor() const { return vendor_; }

 private:
  const VendorTarget& vendor_;
};

// The program by which version `version` of the library computes `op`; nullopt with `why_not` set.
std::optional<TileProgram> vendor_program(const VendorTarget& vendor, const Operator& op, std::int64_t version,
                                          std::string& why_not);

}  // namespace perftune
