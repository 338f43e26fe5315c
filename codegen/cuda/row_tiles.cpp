#include "codegen/cuda/row_tiles.hpp"

#include <algorithm>

namespace perftune {
namespace {

struct Knob {
  const char* name;
  std::int64_t CudaRowTiles::* field;
};

constexpr Knob kKnobs[] = {
    {"lanes", &CudaRowTiles::lanes},
    {"vector", &CudaRowTiles::vector},
    {"row_threads", &CudaRowTiles::row_threads},
    {"column_threads", &CudaRowTiles::column_threads},
    {"held", &CudaRowTiles::held},
    {"staged", &CudaRowTiles::staged},
    {"chunks", &CudaRowTiles::chunks},
    {"unroll", &CudaRowTiles::unroll},
    {"split", &CudaRowTiles::split},
    {"index_bits", &CudaRowTiles::index_bits},
};

std::int64_t round_up(std::int64_t x, std::int64_t to) { return (x + to - 1) / to * to; }

}  // namespace

CudaRowTiles CudaRowTiles::from(const TileProgram& program) {
  CudaRowTiles tiles;
  for (const Knob& knob : kKnobs) tiles.*knob.field = program.get(knob.name, tiles.*knob.field);
  return tiles;
}

TileProgram CudaRowTiles::to_program(const std::string& family) const {
  const CudaRowTiles defaults;
  TileProgram program{family, "cuda/simt", {}};
  for (const Knob& knob : kKnobs)
    if (this->*knob.field != defaults.*knob.field) program.knobs.emplace(knob.name, this->*knob.field);
  return program;
}

CudaRowKept cuda_row_kept(const RowForm& form, const CudaRowTiles& tiles) {
  CudaRowKept kept;
  if (tiles.held == 0 && tiles.staged == 0) return kept;
  kept.elements = form.reused_elements();
  kept.reads = form.reused_reads(kept.elements);
  return kept;
}

CudaRowShared cuda_row_shared(const RowForm& form, const CudaRowTiles& t) {
  const auto value = static_cast<std::int64_t>(size_bytes(form.value));
  const bool meets = t.lanes != 0 ? t.column_threads > 1 : t.column_threads > 32;
  const std::int64_t per_sum = t.lanes != 0 ? t.column_threads * t.rows_per_block()
                                            : t.row_threads * std::max<std::int64_t>(1, t.column_threads / 32);
  const auto sums = static_cast<std::int64_t>(form.reductions.size());
  std::int64_t bytes = meets ? sums * per_sum * value : 0;
  if (t.split > 1) bytes = round_up(2 * bytes, 16) + 16;
  CudaRowShared shared;
  shared.staged_offset = round_up(bytes, 16);
  shared.bytes = t.staged != 0 ? shared.staged_offset : bytes;
  if (t.staged != 0) {
    const CudaRowKept kept = cuda_row_kept(form, t);
    std::int64_t per_chunk = static_cast<std::int64_t>(kept.elements.size()) * value * t.vector;
    for (const int r : kept.reads)
      per_chunk += t.vector * static_cast<std::int64_t>(size_bytes(form.reads[static_cast<std::size_t>(r)].at.type));
    shared.bytes += per_chunk * t.chunks * t.threads();
  }
  return shared;
}

}  // namespace perftune
