#include "codegen/builtin_rules.hpp"

#include "codegen/cpu/contraction_rules.hpp"
#include "codegen/cpu/map_rules.hpp"
#include "codegen/cpu/row_rules.hpp"
#include "codegen/cuda/map_rules.hpp"
#include "codegen/cuda/mma_rules.hpp"
#include "codegen/cuda/row_rules.hpp"
#include "codegen/cuda/simt_rules.hpp"
#include "codegen/cuda/wgmma_rules.hpp"
#include "codegen/vendor/cublas_lt_rules.hpp"
#include "codegen/vendor/product_rules.hpp"

namespace perftune {

LaunchRulesList make_launch_rules() {
  LaunchRulesList list;
  list.push_back(std::make_unique<SimtContractionRules>());
  list.push_back(std::make_unique<MmaContractionRules>());
  list.push_back(std::make_unique<WgmmaContractionRules>());
  list.push_back(std::make_unique<CpuContractionRules>());
  list.push_back(std::make_unique<CudaMapRules>());
  list.push_back(std::make_unique<CpuMapRules>());
  for (const char* family : {"reduction", "row"}) {
    list.push_back(std::make_unique<CpuRowRules>(family));
    list.push_back(std::make_unique<SimtRowRules>(family));
  }
  for (const VendorTarget& vendor : vendor_targets)
    if (!vendor.gpu) list.push_back(std::make_unique<VendorProductRules>(vendor));
  list.push_back(std::make_unique<CublasLtRules>());
  return list;
}

}  // namespace perftune
