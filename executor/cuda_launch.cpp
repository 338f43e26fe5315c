#include "executor/cuda_launch.hpp"

namespace perftune::cuda {
namespace {

bool has_clusters(const Launch& launch) { return launch.cluster != std::array<int, 3>{1, 1, 1}; }

}  // namespace

const char* cannot_launch(const Driver& driver, const Launch& launch) {
  return has_clusters(launch) && driver.launch_ex == nullptr
             ? "clusters need a driver of CUDA 11.8 or later"
             : nullptr;
}

Result launch(const Driver& driver, Function function, const Launch& launch, Stream stream,
              void* parameters) {
  void* params[] = {parameters};
  LaunchConfig config;
  LaunchAttribute cluster;
  cluster.id = kClusterDimension;
  for (std::size_t d = 0; d < 3; ++d) {
    config.grid[d] = static_cast<std::uint32_t>(launch.grid[d]);
    config.block[d] = static_cast<std::uint32_t>(launch.block[d]);
    cluster.value[d] = static_cast<std::uint32_t>(launch.cluster[d]);
  }
  config.dynamic_shared_bytes = static_cast<std::uint32_t>(launch.dynamic_shared_bytes);
  config.stream = stream;
  if (!has_clusters(launch))
    return driver.launch(function, config.grid[0], config.grid[1], config.grid[2], config.block[0],
                         config.block[1], config.block[2], config.dynamic_shared_bytes, stream,
                         params, nullptr);
  config.attributes = &cluster;
  config.attribute_count = 1;
  return driver.launch_ex(&config, function, params, nullptr);
}

}  // namespace perftune::cuda
