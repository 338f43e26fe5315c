#include "executor/gpu_vendor.hpp"

#include <map>

#include "codegen/vendor/vendor_target.hpp"
#include "executor/cublas_lt.hpp"
#include "executor/cudnn.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

// Kept for good: emitted calls find it by its name.
const VendorLibrary* open(const LibrarySearch& search, const VendorTarget& vendor) {
  static std::map<std::string_view, std::unique_ptr<VendorLibrary>> opened;
  auto& library = opened[vendor.target];
  if (!library) {
    std::vector<std::string> files(vendor.files.begin(), vendor.files.end());
    std::erase(files, "");
    try {
      library = std::make_unique<VendorLibrary>(std::string(vendor.name), files, search);
    } catch (const Error&) {
    }
  }
  return library.get();
}

}  // namespace

void open_gpu_vendor(const LibrarySearch& search, std::string_view target) {
  if (const VendorTarget* const vendor = find_vendor(target); vendor != nullptr && vendor->gpu) open(search, *vendor);
}

std::optional<std::string> gpu_vendor_missing(const LibrarySearch& search, const TileProgram& program) {
  const VendorTarget* const vendor = find_vendor(program.target);
  if (vendor == nullptr || !vendor->gpu) return "this build knows no " + program.target;
  const VendorLibrary* const library = open(search, *vendor);
  if (library == nullptr) return std::string(vendor->name) + " is not here";
  std::size_t (*version)() = nullptr;
  library->bind_optional(version, "cublasLtGetVersion");
  const auto wanted = program.get("version", 0), here = version == nullptr ? 0 : static_cast<std::int64_t>(version());
  if (here == wanted) return std::nullopt;
  return std::string(vendor->name) + " is " + version_text(here) + " here, " + version_text(wanted) + " is what was measured";
}

std::vector<std::unique_ptr<GpuVendor>> gpu_vendors(const LibrarySearch& search, CudaDevice& device,
                                                    const Operator& op, std::vector<std::string>& missing) {
  std::vector<std::unique_ptr<GpuVendor>> found;
  const auto look_for = [&](auto make) {
    try {
      found.push_back(make());
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable || !device.usable()) throw;
      missing.push_back(error.what());
    }
  };
  look_for([&] { return std::make_unique<CublasLt>(search, device, op); });
  look_for([&] { return std::make_unique<Cudnn>(search, device, op); });
  return found;
}

}  // namespace perftune
