#include "executor/cpu_vendor.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdio>

#include "codegen/vendor/product_emitter.hpp"

namespace perftune {
namespace {

// 0: it does not tell.
std::int64_t version_of(const VendorTarget& vendor, void* library) {
  int major = 0, minor = 0, patch = 0;
  if (vendor.target == "vendor/openblas") {
    const auto config = reinterpret_cast<const char* (*)()>(::dlsym(library, "openblas_get_config"));
    if (config != nullptr && std::sscanf(config(), "OpenBLAS %d.%d.%d", &major, &minor, &patch) != 3) return 0;
  } else {
    struct Version {  // the head of dnnl_version_t
      int major, minor, patch;
    };
    const auto version = reinterpret_cast<const Version* (*)()>(::dlsym(library, "dnnl_version"));
    if (version != nullptr) major = version()->major, minor = version()->minor, patch = version()->patch;
  }
  return vendor_version(major, minor, patch);
}

// 0 with `why_not` set: it is not here. Never closed: their threads outlive every call.
std::int64_t version_here(const VendorTarget& vendor, std::string& why_not) {
  for (const std::string_view file : vendor.files) {
    void* const library = file.empty() ? nullptr : ::dlopen(std::string(file).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) continue;
    const std::int64_t version = version_of(vendor, library);
    if (version == 0) why_not = fmt::format("{} does not tell its version", vendor.name);
    return version;
  }
  why_not = fmt::format("{} ({}) is not here", vendor.name, vendor.files.front());
  return 0;
}

}  // namespace

std::vector<TileProgram> cpu_vendor_programs(const Operator& op, std::vector<std::string>& missing) {
  std::vector<TileProgram> programs;
  for (const VendorTarget& vendor : vendor_targets) {
    if (vendor.gpu) continue;
    std::string why_not;
    const std::int64_t version = version_here(vendor, why_not);
    auto program = version > 0 ? vendor_program(vendor, op, version, why_not) : std::nullopt;
    if (program) programs.push_back(*std::move(program));
    else missing.push_back(version > 0 ? fmt::format("{}: {}", vendor.name, why_not) : why_not);
  }
  return programs;
}

std::optional<std::string> cpu_vendor_missing(const TileProgram& program) {
  const VendorTarget* const vendor = find_vendor(program.target);
  if (vendor == nullptr || vendor->gpu) return fmt::format("this build knows no {}", program.target);
  std::string why_not;
  const std::int64_t wanted = program.get("version", 0), here = version_here(*vendor, why_not);
  if (here == 0) return why_not;
  if (here == wanted) return std::nullopt;
  return fmt::format("{} is {} here, {} is what was measured", vendor->name, version_text(here), version_text(wanted));
}

}  // namespace perftune
