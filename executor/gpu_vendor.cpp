#include "executor/gpu_vendor.hpp"

#include "executor/cublas_lt.hpp"
#include "executor/cudnn.hpp"
#include "recipes/error.hpp"

namespace perftune {

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
