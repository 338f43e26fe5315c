// What the kernel of a map takes on a GPU, in the order of its source.
#include "codegen/map_arguments.hpp"

#include <limits>

#include "codegen/cuda/divisor.hpp"
#include "codegen/map_tiles.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// How a linear number is taken apart along an axis. Beyond pack_divisor's range positions have 64 bits
// and divide without it.
void peel(std::size_t axis, std::int64_t extent, MapArguments& arguments) {
  arguments.scalar(words("count{}", axis), extent);
  arguments.scalar(words("divisor{}", axis),
                   extent < std::numeric_limits<std::int32_t>::max() ? pack_divisor(extent) : 0);
}

// Of a thread's vector from its number.
void add_point(const MapForm& form, const GpuMapTiles& tiles, MapArguments& arguments) {
  for (std::size_t a = form.extents.size(); a-- > 1;)
    peel(a, a == form.inner() ? form.extents[a] / tiles.vector : form.extents[a], arguments);
  arguments.scalar("vectors", form.points() / tiles.vector);
}

// Of a block's tile from its number, and how far the tensor goes from there.
void add_tile(const MapForm& form, const GpuMapTiles& tiles, MapArguments& arguments) {
  const std::size_t inner = form.inner(), across = static_cast<std::size_t>(tiles.across - 1);
  peel(inner, ceil_div(form.extents[inner], tiles.tile), arguments);
  peel(across, ceil_div(form.extents[across], tiles.tile), arguments);
  for (std::size_t a = inner; a-- > 0;)
    if (a != across) peel(a, form.extents[a], arguments);
  arguments.scalar("extent_y", form.extents[across]);
  arguments.scalar("extent_x", form.extents[inner]);
}

}  // namespace

ArgumentList cuda_map_arguments(const Operator& op, const MapForm& form, const GpuMapTiles& tiles) {
  MapArguments arguments(op, form);
  arguments.tensors();
  const bool crossing = tiles.across > 0;
  if (crossing)
    add_tile(form, tiles, arguments);
  else
    add_point(form, tiles, arguments);
  for (std::size_t i = 0; i < form.reads.size(); ++i) {
    const MapAccess& access = form.reads[i];
    const std::string name = words("e{}", i);
    arguments.bounds(name, access);
    arguments.index(name, access.offset, &access.form);
    if (crossing && crosses(form, access, static_cast<std::size_t>(tiles.across - 1)))
      arguments.coefficient(name, access.offset, form.inner());
  }
  arguments.results();
  return arguments.list();
}

}  // namespace perftune
