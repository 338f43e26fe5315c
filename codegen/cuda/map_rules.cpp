#include "codegen/cuda/map_rules.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "codegen/map_arguments.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

bool power_of_two(int x) { return x > 0 && (x & (x - 1)) == 0; }

bool byte_float(DType type) { return type == DType::f8e4m3 || type == DType::f8e5m2; }

std::optional<std::string> bad_types(const MapForm& form, const Hardware& hardware) {
  if (hardware.compute_capability >= 89) return std::nullopt;
  for (const MapResult& result : form.results)
    if (byte_float(result.access.type)) return "stores of 8-bit floats need sm_89";
  return std::nullopt;
}

std::optional<std::string> bad_crossing(const MapForm& form, const GpuMapTiles& t, const Hardware& hardware) {
  const auto axes = crossing_axes(form);
  if (std::find(axes.begin(), axes.end(), static_cast<std::size_t>(t.across - 1)) == axes.end())
    return "no operand is contiguous along the axis `across`";
  if (t.tile != 16 && t.tile != 32 && t.tile != 64) return "tiles are 16, 32 or 64";
  if (t.vector != 1 || t.items != 1) return "crossing programs store elements";
  if (t.tile * t.tile % t.threads != 0 || t.tile * t.tile / t.threads > 16)
    return "1 to 16 elements of the tile per thread";
  if (map_shared_bytes(form, t) > hardware.sm.shared_bytes_optin)
    return words("{} bytes of shared memory, {} allowed", map_shared_bytes(form, t),
                       hardware.sm.shared_bytes_optin);
  return std::nullopt;
}

// Registers by the form alone: addresses, then what is in flight between the loads and the stores.
int registers(const MapForm& form, const GpuMapTiles& t) {
  double held = 0;
  for (const MapAccess& read : form.reads)
    held += std::max(1.0, static_cast<double>(size_bytes(read.type)) * t.vector / 4);
  const double per_item = held + 3 + static_cast<double>(form.extents.size());
  const int address = t.index_bits == 64 ? 2 : 1;
  return static_cast<int>(18 + 2 * static_cast<double>(form.reads.size() + form.results.size()) * address +
                          per_item * t.items + (form.scalar == DType::f64 ? 2 : 1) * t.vector);
}

std::optional<std::string> illegal_tiles(const CanonicalMap& canonical, const TileProgram& program,
                                         const Hardware& hardware) {
  if (hardware.kind != Hardware::Kind::gpu) return "the target is a GPU's";
  if (!canonical.form) return canonical.why_not;
  const MapForm& form = *canonical.form;
  const GpuMapTiles t = GpuMapTiles::from(program);
  if (t.to_program() != program) return "not a canonical cuda/simt tile program";
  if (t.digits != form.digits) return "made for another division of axes";
  if (t.threads < 32 || t.threads % 32 != 0 || t.threads > hardware.sm.max_threads_per_block)
    return "threads are whole warps within the block's limit";
  if (t.items < 1 || t.items > 8) return "items are 1 to 8";
  if (t.across < 0) return "a knob is out of range";
  if (t.index_bits != 32 && t.index_bits != 64) return "index_bits must be 32 or 64";
  if (t.index_bits == 32 && needs_64bit_index(form)) return "some offset needs 64 bits";
  if (map_blocks(form, t) >= (std::int64_t{1} << 31)) return "more than 2^31 blocks";
  if (registers(form, t) > hardware.sm.max_registers_per_thread) return "too many operands in flight";
  if (auto why = bad_types(form, hardware)) return why;
  if (t.across > 0) return bad_crossing(form, t, hardware);
  return bad_map_vectors(form, t);
}

}  // namespace

std::optional<std::string> bad_map_vectors(const MapForm& form, const GpuMapTiles& t) {
  if (!power_of_two(t.vector) || t.vector > 16 || !power_of_two(t.read_vector) || t.read_vector > t.vector)
    return "vectors are powers of two up to 16, reads no wider than stores";
  if (t.vector == 1) return std::nullopt;
  if (form.extents.back() % t.vector != 0) return "the vector does not divide the innermost axis";
  for (const MapResult& result : form.results)
    if (result.access.contiguous(form.inner()) && map_vector_width(form, result.access, t.vector) < t.vector)
      return words("an output cannot be written in vectors of {}", t.vector);
  for (const MapAccess& read : form.reads)
    if (read.contiguous(form.inner()) && !read.bounds_vary(form.inner()) &&
        map_vector_width(form, read, t.read_vector) < t.read_vector)
      return words("an operand cannot be read in vectors of {}", t.read_vector);
  return std::nullopt;
}

int crossed_tile_bytes(const MapAccess& access, int tile) {
  const auto bytes = static_cast<int>(size_bytes(access.type));
  const int pitch = tile + (bytes >= 4 ? 1 : 4 / bytes);
  return (tile * pitch * bytes + 15) / 16 * 16;
}

int map_shared_bytes(const MapForm& form, const GpuMapTiles& tiles) {
  int bytes = 0;
  if (tiles.across > 0)
    for (const MapAccess& read : form.reads)
      if (crosses(form, read, static_cast<std::size_t>(tiles.across - 1)))
        bytes += crossed_tile_bytes(read, tiles.tile);
  return bytes;
}

std::int64_t map_blocks(const MapForm& form, const GpuMapTiles& tiles) {
  if (tiles.across == 0)
    return ceil_div(form.points() / tiles.vector, std::int64_t{tiles.threads} * tiles.items);
  std::int64_t blocks = 1;
  for (std::size_t a = 0; a < form.extents.size(); ++a)
    blocks *= a == form.inner() || static_cast<int>(a) == tiles.across - 1
                  ? ceil_div(form.extents[a], tiles.tile)
                  : form.extents[a];
  return blocks;
}

LaunchRules::Reading CudaMapRules::read(const Operator& op) const {
  const auto canonical = std::make_shared<const CanonicalMap>(canonicalise_map(op));
  return {[canonical](const TileProgram& program, const Hardware& hardware) {
            return illegal_tiles(*canonical, program, hardware);
          },
          [canonical](const TileProgram& program, const Hardware&) {
            const GpuMapTiles tiles = GpuMapTiles::from(program);
            Resources resources;
            resources.shared_bytes = map_shared_bytes(canonical->form.value(), tiles);
            resources.registers = std::min(registers(*canonical->form, tiles), 255);
            return resources;
          }};
}

Launch CudaMapRules::bind(const Operator& op, const TileProgram& program, const Hardware&) const {
  const GpuMapTiles tiles = GpuMapTiles::from(program);
  const MapForm form = require_map(op);
  Launch launch;
  launch.grid = {map_blocks(form, tiles), 1, 1};
  launch.block = {tiles.threads, 1, 1};
  launch.dynamic_shared_bytes = map_shared_bytes(form, tiles);
  put_arguments(cuda_map_arguments(op, form, tiles), launch);
  return launch;
}

}  // namespace perftune
