#include "codegen/cpu/headers.hpp"

#include <span>

#include "recipes/embedded_file.hpp"
#include "recipes/error.hpp"

namespace perftune {

std::span<const EmbeddedFile> cpu_device_files();  // written by perftune_embed

const std::vector<DeviceHeader>& cpu_device_headers() {
  static const std::vector<DeviceHeader> headers = [] {
    std::vector<DeviceHeader> all;
    for (const EmbeddedFile& file : cpu_device_files()) {
      const std::string path(file.path);
      all.push_back({"perftune/" + path.substr(path.rfind('/') + 1), std::string(file.text)});
    }
    return all;
  }();
  return headers;
}

std::vector<std::string> cpu_compile_flags(std::string_view isa) {
  std::vector<std::string> flags{"-std=c++20", "-O3", "-mavx2", "-mfma", "-mf16c"};
  if (isa == "avx512") {
    for (const char* flag : {"-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq",
                             "-mprefer-vector-width=512"})
      flags.emplace_back(flag);
  } else if (isa != "avx2") {
    throw Error(ErrorKind::unavailable, "no CPU kernels for instruction set '" + std::string(isa) +
                                            "'; avx2 and avx512 are supported");
  }
  for (const char* flag : {"-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math",
                           "-fno-exceptions", "-fno-rtti", "-fno-asynchronous-unwind-tables",
                           "-fvisibility=hidden"})
    flags.emplace_back(flag);
  return flags;
}

}  // namespace perftune
