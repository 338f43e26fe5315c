#include "codegen/emulation/headers.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "codegen/cuda/headers.hpp"
#include "recipes/embedded_file.hpp"

namespace perftune {

std::span<const EmbeddedFile> emulation_device_files();  // written by perftune_embed

const std::vector<DeviceHeader>& emulation_device_headers() {
  static const std::vector<DeviceHeader> headers = [] {
    std::vector<DeviceHeader> all = cuda_device_headers();
    for (const auto& file : emulation_device_files()) {
      const std::string path(file.path);
      const std::size_t slash = path.rfind('/') + 1;
      const std::string stem = "perftune/" + path.substr(slash, path.rfind('.') - slash);
      const auto twin = std::find_if(all.begin(), all.end(), [&](const DeviceHeader& header) {
        return header.name == stem + ".cuh";
      });
      if (twin != all.end())
        twin->text = std::string(file.text);
      else
        all.push_back({stem + ".hpp", std::string(file.text)});
    }
    return all;
  }();
  return headers;
}

}  // namespace perftune
