#include "codegen/cuda/headers.hpp"

#include <span>
#include <string>

#include "recipes/embedded_file.hpp"

namespace perftune {

std::span<const EmbeddedFile> cuda_device_files();  // written by perftune_embed

const std::vector<DeviceHeader>& cuda_device_headers() {
  static const std::vector<DeviceHeader> headers = [] {
    std::vector<DeviceHeader> all;
    for (const auto& file : cuda_device_files()) {
      const std::string path(file.path);
      all.push_back({"perftune/" + path.substr(path.rfind('/') + 1), std::string(file.text)});
    }
    return all;
  }();
  return headers;
}

}  // namespace perftune
