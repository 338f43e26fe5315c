#include "executor/emulation/tensor_tile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "executor/emulation/defect.hpp"

namespace perftune::emulation {

unsigned swizzled(unsigned at, unsigned span) {
  switch (span) {
    case 128:
      return at ^ (at >> 7 & 7) << 4;
    case 64:
      return at ^ (at >> 7 & 3) << 4;
    case 32:
      return at ^ (at >> 7 & 1) << 4;
    default:
      return at;
  }
}

TensorTile::TensorTile(const void* map, const int* at, unsigned rank) {
  std::memcpy(&map_, map, sizeof(map_));
  if (map_.base == nullptr || map_.rank < 1 || map_.rank > 5)
    throw Defect{OutcomeKind::wrong_result, "a tensor copy by a map that the host did not encode"};
  if (map_.rank != rank)
    throw Defect{OutcomeKind::wrong_result,
                 fmt::format("a tensor copy of {} dimensions by a map of {}", rank, map_.rank)};
  std::copy(at, at + rank, at_.begin());
  bytes_ = map_.element_bytes;
  for (unsigned d = 0; d < rank; ++d) bytes_ *= map_.box[d];
}

TensorTile::Chunk TensorTile::chunk(unsigned to, unsigned linear) const {
  Chunk chunk{swizzled(to + linear, map_.swizzle_bytes) - to, {}};
  const unsigned count = 16 / map_.element_bytes;
  for (unsigned e = 0; e < count; ++e) {
    unsigned rest = linear / map_.element_bytes + e;
    unsigned char* address = map_.base;
    for (unsigned d = 0; d < map_.rank; ++d) {
      const std::int64_t coordinate = at_[d] + static_cast<std::int64_t>(rest % map_.box[d]);
      rest /= map_.box[d];
      if (coordinate < 0 || coordinate >= static_cast<std::int64_t>(map_.extents[d])) {
        address = nullptr;
        break;
      }
      address += static_cast<std::uint64_t>(coordinate) * map_.strides[d];
    }
    chunk.elements[e] = address;
  }
  return chunk;
}

}  // namespace perftune::emulation
