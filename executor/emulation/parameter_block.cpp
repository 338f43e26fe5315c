#include "executor/emulation/parameter_block.hpp"

#include <fmt/format.h>

#include <cstring>

#include "codegen/emulation/device/hopper_runtime.hpp"

namespace perftune::emulation {

namespace {

// What cuTensorMapEncodeTiled refuses (CUDA driver API, "Tensor Map Object Management"), and what
// the emulator does not model.
std::optional<std::string> refuse(const TensorMap& map) {
  const auto element = static_cast<std::int64_t>(size_bytes(map.type));
  if (map.rank < 2 || map.rank > 5) return "rank 2 to 5";
  if (map.strides[0] != element) return "neighbours along the innermost dimension";
  if (map.box[0] * element % 16 != 0) return "an inner box of 16-byte multiples";
  if (map.swizzle_bytes != 0 && map.box[0] * element != map.swizzle_bytes)
    return "an inner box as wide as the swizzle";
  for (int d = 0; d < map.rank; ++d) {
    const auto i = static_cast<std::size_t>(d);
    if (map.extents[i] < 1 || map.extents[i] > 0xffffffffLL) return "extents of 1 to 2^32";
    if (map.box[i] < 1 || map.box[i] > 256) return "box extents of 1 to 256";
    if (d > 0 && (map.strides[i] % 16 != 0 || map.strides[i] <= 0))
      return "strides of 16-byte multiples";
  }
  return std::nullopt;
}

EncodedTensor encode(const TensorMap& map, std::byte* base) {
  EncodedTensor encoded{reinterpret_cast<unsigned char*>(base),
                        static_cast<unsigned>(map.rank),
                        static_cast<unsigned>(size_bytes(map.type)),
                        static_cast<unsigned>(map.swizzle_bytes),
                        {},
                        {},
                        {}};
  for (std::size_t d = 0; d < 5; ++d) {
    encoded.extents[d] = static_cast<unsigned>(map.extents[d]);
    encoded.box[d] = static_cast<unsigned>(map.box[d]);
    encoded.strides[d] = static_cast<std::uint64_t>(map.strides[d]);
  }
  return encoded;
}

}  // namespace

void ParameterBlock::append(std::uint64_t word) {
  if (words_ % 16 == 0) lines_.emplace_back();
  lines_.back().words[words_++ % 16] = word;
}

std::optional<std::string> ParameterBlock::fill(const Kernel& kernel, const Launch& launch,
                                                std::byte* workspace, const Locate& locate) {
  std::size_t scalar = 0;
  std::size_t next_map = 0;
  for (const Argument& argument : kernel.arguments) {
    const auto missing = [&](const char* what) {
      return fmt::format("{} for kernel argument '{}'", what, argument.name);
    };
    switch (argument.kind) {
      case Argument::Kind::tensor: {
        std::byte* const at = locate(argument.tensor);
        if (at == nullptr) return missing("no loaded tensor");
        append(reinterpret_cast<std::uintptr_t>(at));
        break;
      }
      case Argument::Kind::workspace:
        append(reinterpret_cast<std::uintptr_t>(workspace));
        break;
      case Argument::Kind::scalar:
        if (scalar >= launch.scalars.size()) return missing("no value");
        append(static_cast<std::uint64_t>(launch.scalars[scalar++]));
        break;
      case Argument::Kind::tensor_map: {
        if (next_map >= launch.tensor_maps.size()) return missing("no tensor map");
        if (words_ % 16 != 0) return missing("tensor maps come before other arguments;");
        const TensorMap& map = launch.tensor_maps[next_map++];
        std::byte* const at = locate(map.tensor);
        if (at == nullptr) return missing("no loaded tensor");
        if (auto why = refuse(map)) return missing("a tensor map has ") + ": " + *why;
        const EncodedTensor encoded = encode(map, at);
        std::uint64_t words[16] = {};
        std::memcpy(words, &encoded, sizeof(encoded));
        for (const std::uint64_t word : words) append(word);
        break;
      }
    }
  }
  return std::nullopt;
}

}  // namespace perftune::emulation
