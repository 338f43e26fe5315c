// Runs the emitted cases, compiled against device headers from a folder, until one is wrong.
//
// Usage: emulation_mutants HEADER_FOLDER [TARGET]
// Exit code 0: all are right; 1: the first that is wrong is printed; 2: one does not compile, or
// the arguments are bad. mutations.py calls it with headers that have a planted defect.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "codegen/cuda/headers.hpp"
#include "codegen/emulation/headers.hpp"
#include "tests/emulation/emitted_case.hpp"

namespace {

using perftune::DeviceHeader;

// The emulator's headers, with every text that it shares with the device read from `folder`.
std::vector<DeviceHeader> headers_from(const std::filesystem::path& folder) {
  std::vector<DeviceHeader> headers = perftune::emulation_device_headers();
  for (const DeviceHeader& device : perftune::cuda_device_headers()) {
    for (DeviceHeader& header : headers) {
      if (header.name != device.name || header.text != device.text) continue;  // a host twin
      std::ifstream file(folder / header.name.substr(header.name.rfind('/') + 1), std::ios::binary);
      header.text.assign(std::istreambuf_iterator<char>(file), {});
    }
  }
  return headers;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) return 2;
  const std::string_view target = argc == 3 ? argv[2] : "";
  const std::vector<DeviceHeader> headers = headers_from(argv[1]);
  std::vector<perftune::testing::EmittedCase> cases = perftune::testing::simt_cases();
  for (const auto& c : perftune::testing::mma_cases()) cases.push_back(c);
  for (const auto& c : perftune::testing::wgmma_cases()) cases.push_back(c);
  for (const perftune::testing::EmittedCase& c : cases) {
    if (!target.empty() && c.emitter->target() != target) continue;
    const auto [wrong, compiled] = perftune::testing::verify_emitted(c, headers);
    if (wrong.empty()) continue;
    std::cout << c.name << ": " << wrong.substr(0, 2000) << "\n";
    return compiled ? 1 : 2;
  }
  return 0;
}
