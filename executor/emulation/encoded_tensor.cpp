#include "executor/emulation/encoded_tensor.hpp"

#include <cstring>

#include "codegen/emulation/device/hopper_runtime.hpp"

namespace perftune::emulation {

namespace {

// CUDA driver API, "Tensor Map Object Management".
std::optional<std::string> refuse(const TensorMap& map, std::uint64_t address) {
  const auto element = static_cast<std::int64_t>(size_bytes(map.type));
  if (address % 16 != 0) return "a tensor that starts at a multiple of 16 bytes";
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

}  // namespace

std::optional<std::string> encode_tensor(const TensorMap& map, std::uint64_t address,
                                         ParameterBlock::MapWords& into) {
  if (auto why = refuse(map, address)) return why;
  EncodedTensor encoded{reinterpret_cast<unsigned char*>(address),
                        static_cast<unsigned>(map.rank),
                        static_cast<unsigned>(size_bytes(map.type)),
                        static_cast<unsigned>(map.swizzle_bytes),
                        map.type == DType::tf32 ? 1U : 0U,
                        {},
                        {},
                        {}};
  for (std::size_t d = 0; d < 5; ++d) {
    encoded.extents[d] = static_cast<unsigned>(map.extents[d]);
    encoded.box[d] = static_cast<unsigned>(map.box[d]);
    encoded.strides[d] = static_cast<std::uint64_t>(map.strides[d]);
  }
  static_assert(sizeof(encoded) <= sizeof(into));
  std::memcpy(into.data(), &encoded, sizeof(encoded));
  return std::nullopt;
}

}  // namespace perftune::emulation
