// The kernel's one parameter, `struct Params`, as bytes: encoded tensor maps, pointers, scalars. Which
// addresses these are and how a map is encoded is the device's matter.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "codegen/kernel.hpp"

namespace perftune {

class ParameterBlock {
 public:
  using MapWords = std::array<std::uint64_t, 16>;
  // The address of tensor `position`; 0 when it is not loaded.
  using Locate = std::function<std::uint64_t(int position)>;
  // `map` of the tensor at `address`; nullopt, or what is wrong with it.
  using Encode = std::function<std::optional<std::string>(const TensorMap& map,
                                                          std::uint64_t address, MapWords& into)>;

  // nullopt, or why the kernel cannot be launched so.
  std::optional<std::string> fill(const Kernel& kernel, const Launch& launch,
                                  std::uint64_t workspace, const Locate& locate,
                                  const Encode& encode);
  void* data() { return lines_.data(); }

 private:
  struct alignas(128) Line {
    MapWords words;
  };
  void append(std::uint64_t word);

  std::vector<Line> lines_;
  std::size_t words_ = 0;
};

}  // namespace perftune
