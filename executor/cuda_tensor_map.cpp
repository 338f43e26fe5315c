#include "executor/cuda_tensor_map.hpp"

#include "recipes/words.hpp"

namespace perftune {
namespace {

// CUtensorMapDataType. Floats by their own types, so that zero fill is a float's zero; 8-bit floats and
// integers as bytes; tf32 rounds to nearest on the way in.
std::optional<int> data_type(DType type) {
  switch (type) {
    case DType::f8e4m3:
    case DType::f8e5m2:
    case DType::i8:
    case DType::u8: return 0;
    case DType::f16: return 6;
    case DType::f32: return 7;
    case DType::bf16: return 9;
    case DType::tf32: return 11;
    default: return std::nullopt;
  }
}

// CUtensorMapSwizzle
int swizzle(int bytes) { return bytes == 128 ? 3 : bytes == 64 ? 2 : bytes == 32 ? 1 : 0; }

constexpr int kPromotion128Bytes = 2;  // CUtensorMapL2promotion: what L2 fetches for one sector

}  // namespace

std::optional<std::string> encode_tensor(const cuda::Driver& driver, const TensorMap& map,
                                         std::uint64_t address, ParameterBlock::MapWords& into) {
  if (driver.tensor_map_encode == nullptr) return "a driver of CUDA 12 or later to ask for";
  const auto type = data_type(map.type);
  if (!type) return words("no type for {}", name(map.type));
  std::array<std::uint64_t, 5> extents{}, strides{};
  std::array<std::uint32_t, 5> box{}, steps{};
  for (std::size_t d = 0; d < 5; ++d) {
    extents[d] = static_cast<std::uint64_t>(map.extents[d]);
    box[d] = static_cast<std::uint32_t>(map.box[d]);
    steps[d] = 1;
    if (d > 0) strides[d - 1] = static_cast<std::uint64_t>(map.strides[d]);
  }
  alignas(64) cuda::TensorMapWords words{};
  const cuda::Result result = driver.tensor_map_encode(
      &words, *type, static_cast<std::uint32_t>(map.rank), address, extents.data(), strides.data(),
      box.data(), steps.data(), 0, swizzle(map.swizzle_bytes), kPromotion128Bytes, 0);
  if (result != 0) return driver.error_text(result);
  into = words;
  return std::nullopt;
}

}  // namespace perftune
