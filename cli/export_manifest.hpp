// manifest.json of an exported kernel: everything that is known of it, for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "codegen/bundle/bundle.hpp"
#include "db/kernel_use.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

// What the store says of the kernel on this operator and device.
struct ExportFacts {
  nlohmann::json provenance;  // of its latest measurement; null: never tried
  std::string summary;        // one line: its time, and whether it was measured
  std::string recorded;       // kernel id in the store
  bool same_text = true;      // this build generates the very kernel that was recorded
};
ExportFacts export_facts(Store& store, const KernelUse& use, const Operator& op, const Hardware& hardware,
                         const Kernel& kernel);

std::string manifest(const Bundle& bundle, const std::string& name, const ExportFacts& facts,
                     const Hardware& hardware, const std::vector<BundleFile>& files);

}  // namespace perftune
