#include "cli/present_gpu.hpp"

#include "executor/gpu_detect.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {

std::vector<std::string> driver_folders(const Context& context) {
  if (context.driver_folder.empty()) return {};
  return {context.driver_folder};
}

Hardware local_gpu(const Context& context) {
  constexpr const char* kAdvice = "; name a GPU, for example --gpu a100, to work offline";
  std::vector<PresentGpu> gpus;
  try {
    gpus = present_gpus(cuda::Driver(driver_folders(context)));
  } catch (const Error& error) {
    throw Error(ErrorKind::unavailable, std::string("--gpu local: ") + error.what() + kAdvice);
  }
  if (gpus.empty())
    throw Error(ErrorKind::unavailable, std::string("--gpu local: the driver sees no GPU") + kAdvice);
  auto known = hardware_of(gpus.front(), hardware_catalogue());
  if (!known)
    throw Error(ErrorKind::unavailable, "--gpu local: '" + gpus.front().name +
                                            "' is not in the catalogue; add recipes/hardware/NAME.yaml");
  return *std::move(known);
}

std::optional<int> present_device(const Hardware& hardware, const Context& context) {
  try {
    for (const auto& gpu : present_gpus(cuda::Driver(driver_folders(context))))
      if (is_present(hardware, gpu)) return gpu.ordinal;
  } catch (const Error&) {
    // No driver: the normal state of a machine without a GPU.
  }
  return std::nullopt;
}

int required_device(const Hardware& hardware, const Context& context) {
  const auto device = present_device(hardware, context);
  if (!device)
    throw Error(ErrorKind::unavailable, hardware.name + ": no such device here; `perftune tune` works offline, `run` needs it");
  return *device;
}

}  // namespace perftune
