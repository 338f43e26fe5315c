#include "codegen/vendor/vendor_target.hpp"

namespace perftune {

std::string quoted_files(const VendorTarget& vendor) {
  std::string list;
  for (const std::string_view file : vendor.files)
    if (!file.empty()) list += (list.empty() ? "\"" : ", \"") + std::string(file) + "\"";
  return list;
}

const std::vector<std::string>& vendor_compile_flags() {
  static const std::vector<std::string> flags{"-std=c++20", "-O2", "-fno-exceptions", "-fno-rtti",
                                              "-fno-asynchronous-unwind-tables", "-fvisibility=hidden"};
  return flags;
}

}  // namespace perftune
