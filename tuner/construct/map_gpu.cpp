#include "tuner/construct/map_gpu.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"
#include "tuner/construct/alignment_rules.hpp"
#include "tuner/construct/proposals.hpp"

namespace perftune {
namespace {

class Builder {
 public:
  Builder(const Operator& op, const MapForm& form, const Hardware& hardware, const Emitter& emitter)
      : form_(form), hardware_(hardware), found_(emitter, op, hardware) {}

  Proposals run() {
    bits_ = needs_64bit_index(form_) ? 64 : 32;
    for (const std::size_t axis : crossing_axes(form_))
      for (const auto& [tile, threads] : {std::pair{32, 256}, {64, 512}, {64, 256}, {32, 128}, {16, 64}}) {
        GpuMapTiles t = base();
        t.across = static_cast<int>(axis) + 1;
        t.tile = tile, t.threads = threads;
        add(t);
      }
    const int widest = widest_store();
    for (int vector = widest; vector >= 1; vector /= 2)
      for (const int items : {1, 2, 4})
        for (const int threads : {256, 128, 512}) {
          GpuMapTiles t = base();
          t.vector = vector, t.items = items, t.threads = threads;
          t.read_vector = widest_read(vector);
          add(t);
        }
    return std::move(found_);
  }

 private:
  GpuMapTiles base() const {
    GpuMapTiles t;
    t.index_bits = bits_;
    t.digits = form_.digits;
    return t;
  }

  // 16 bytes of the widest type that is stored contiguously, where every output is aligned to it.
  int widest_store() const {
    int vector = 16;
    for (const MapResult& result : form_.results) {
      const int limit = rules::vector_elements(result.access.type, vector);
      vector = result.access.contiguous(form_.inner())
                   ? map_vector_width(form_, result.access, std::min(vector, limit))
                   : 1;
    }
    return vector;
  }

  int widest_read(int vector) const {
    int width = vector;
    for (const MapAccess& read : form_.reads)
      if (read.contiguous(form_.inner()) && !read.bounds_vary(form_.inner()))
        width = std::min(width, map_vector_width(form_, read, vector));
    return width;
  }

  void add(const GpuMapTiles& t) {
    found_.propose(t.to_program(), [&] { return reasons(t); });
  }

  std::vector<RuleApplied> reasons(const GpuMapTiles& t) const {
    std::vector<RuleApplied> rules;
    if (t.across > 0)
      rules.push_back({"across, tile", "conflict_free_tile",
                       fmt::format("operands run along axis {}: tiles of {} x {} turn in shared memory, rows "
                                   "padded to an odd number of words", t.across - 1, t.tile, t.tile)});
    else
      rules.push_back({"vector, read_vector", "vector_multiple",
                       fmt::format("{} elements per store and {} per load are aligned at every position",
                                   t.vector, t.read_vector)});
    if (t.items > 1)
      rules.push_back({"items", "bytes_in_flight",
                       fmt::format("{} vectors per thread are loaded before the first is stored", t.items)});
    rules.push_back({"threads", "warp_multiple",
                     fmt::format("{} of at most {}", t.threads, hardware_.sm.max_threads_per_block)});
    if (t.index_bits == 64)
      rules.push_back({"index_bits", "address_range", "positions or addresses exceed 2^31 elements"});
    if (form_.digits > 0)
      rules.push_back({"digits", "digit_split",
                       fmt::format("{} axes taken apart so that divisions are subscripts", form_.digits)});
    return rules;
  }

  const MapForm& form_;
  const Hardware& hardware_;
  Proposals found_;
  int bits_ = 32;
};

}  // namespace

std::vector<Constructed> MapGpuConstructor::construct(const Operator& op, const Hardware& hardware, int,
                                                      std::string& why_not) const {
  const CanonicalMap canonical = canonicalise_map(op);
  if (!canonical.form) {
    why_not = canonical.why_not;
    return {};
  }
  Proposals found = Builder(op, *canonical.form, hardware, emitter_).run();
  if (found.count() == 0) why_not = found.why_not();
  return found.take();
}

}  // namespace perftune
