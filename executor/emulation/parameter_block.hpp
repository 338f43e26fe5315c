// The kernel's one parameter, `struct Params`, as bytes: pointers, scalars and encoded tensor maps.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "codegen/kernel.hpp"

namespace perftune::emulation {

class ParameterBlock {
 public:
  // The address of tensor `position`; nullptr when it is not loaded.
  using Locate = std::function<std::byte*(int position)>;

  // nullopt, or why the kernel cannot be launched so.
  std::optional<std::string> fill(const Kernel& kernel, const Launch& launch, std::byte* workspace,
                                  const Locate& locate);
  const void* data() const { return lines_.data(); }

 private:
  struct alignas(128) Line {
    std::uint64_t words[16];
  };
  void append(std::uint64_t word);

  std::vector<Line> lines_;
  std::size_t words_ = 0;
};

}  // namespace perftune::emulation
