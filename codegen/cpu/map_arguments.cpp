// What the kernel of a map takes on the CPU, in the order of its source.
#include "codegen/map_arguments.hpp"
#include "codegen/map_tiles.hpp"
#include "recipes/words.hpp"

namespace perftune {

Along along(const MapForm& form, const CpuMapTiles& tiles, const MapAccess& access) {
  const std::size_t inner = form.inner();
  if (tiles.across > 0 && crosses(form, access, static_cast<std::size_t>(tiles.across - 1))) return Along::crossed;
  for (const MapAccess::Bound& bound : access.bounds)
    for (const MapIndex::Atom& atom : bound.index.atoms)
      if (atom.operand[0].depends_on(inner)) return Along::anyhow;
  if (!access.offset_varies(inner)) return access.bounds_vary(inner) ? Along::anyhow : Along::invariant;
  if (access.contiguous(inner)) return Along::contiguous;
  for (const MapIndex::Atom& atom : access.offset.atoms)
    if (atom.operand[0].depends_on(inner)) return Along::anyhow;
  return Along::strided;
}

ArgumentList cpu_map_arguments(const Operator& op, const MapForm& form, const CpuMapTiles& tiles) {
  MapArguments arguments(op, form);
  arguments.tensors();
  for (std::size_t a = 0; a < form.extents.size(); ++a)
    arguments.scalar(words("extent{}", a), form.extents[a]);
  for (std::size_t i = 0; i < form.reads.size(); ++i) {
    const MapAccess& access = form.reads[i];
    const std::string name = words("e{}", i);
    const Along way = along(form, tiles, access);
    arguments.index(name, access.offset, &access.form);
    if (way == Along::crossed) arguments.coefficient(name, access.offset, form.inner());
    if (way == Along::contiguous || way == Along::strided) {
      for (std::size_t b = 0; b < access.bounds.size(); ++b) {
        const std::string bound = words("{}_b{}", name, b);
        arguments.index(bound, access.bounds[b].index);
        arguments.scalar(bound + "_extent", access.bounds[b].extent);
      }
    } else {
      arguments.bounds(name, access);
    }
  }
  arguments.results();
  return arguments.list();
}

}  // namespace perftune
