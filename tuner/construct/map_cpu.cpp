#include "tuner/construct/map_cpu.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"
#include "tuner/construct/proposals.hpp"

namespace perftune {
namespace {

constexpr double kThreadsPayBytes = 128 << 10;  // moved in about the microseconds that a fork takes
constexpr std::int64_t kStreamedRunBytes = 1024;
constexpr double kAheadShare = 4;  // of L2: more than this comes from L3 or memory each time
constexpr int kPiecesPerTask = 8;
constexpr std::int64_t kShortestSegment = 2048, kLongestSegment = 1 << 16;

// Some position is seen through a division or a remainder, of an axis taken apart for it or in place.
bool divides(const MapForm& form) {
  return form.digits > 0 || std::any_of(form.reads.begin(), form.reads.end(), [](const MapAccess& read) {
    return std::any_of(read.offset.atoms.begin(), read.offset.atoms.end(),
                       [](const MapIndex::Atom& atom) { return atom.kind != Index::Atom::load; });
  });
}

class Builder {
 public:
  Builder(const Operator& op, const MapForm& form, const Hardware& hardware, const Emitter& emitter)
      : form_(form),
        hardware_(hardware),
        found_(emitter, op, hardware),
        bytes_(form.read_bytes(op) + form.write_bytes(op)) {}

  Proposals run() {
    const int threads = std::max(1, hardware_.cpu.cores);
    std::vector<int> tasks{bytes_ > kThreadsPayBytes ? threads : 1};
    tasks.push_back(tasks[0] == 1 ? threads : 1);
    const bool outgrows = bytes_ > 0.5 * static_cast<double>(hardware_.cpu.l3_bytes) && long_runs();
    for (const int task : tasks) {
      for (const std::size_t axis : crossing_axes(form_))
        for (const auto& [x, y] : {std::pair{64, 64}, {32, 32}, {128, 64}, {64, 32}, {64, 128}, {16, 64},
                                   {128, 32}, {256, 16}, {16, 16}})
          for (const int stream : outgrows ? std::vector{1, 0} : std::vector{0}) {
            CpuMapTiles t = base(task);
            t.across = static_cast<int>(axis) + 1;
            t.tile_x = x, t.tile_y = y, t.stream = stream;
            t.ahead = bytes_ > kAheadShare * static_cast<double>(hardware_.cpu.l2_bytes) ? 1 : 0;
            add(t, outgrows);
          }
      const bool large = bytes_ > static_cast<double>(hardware_.cpu.l2_bytes);
      for (const int stream : outgrows ? std::vector{1, 0} : large ? std::vector{0, 1} : std::vector{0})
        for (const int unroll : {4, 2, 1, 8}) {
          CpuMapTiles t = base(task);
          t.stream = stream, t.unroll = unroll;
          add(t, outgrows);
        }
    }
    return std::move(found_);
  }

  // Streamed lines must be written whole: the ends of short runs would be halves of lines.
  bool long_runs() const {
    const auto bytes = static_cast<std::int64_t>(size_bytes(form_.results[0].access.type));
    return form_.extents.back() * bytes >= kStreamedRunBytes;
  }

 private:
  CpuMapTiles base(int tasks) const {
    CpuMapTiles t;
    t.tasks = tasks;
    t.digits = form_.digits;
    const std::int64_t inner = form_.extents.back();
    const std::int64_t outer = std::max<std::int64_t>(1, form_.points() / inner);
    // Enough pieces to balance; a long axis is cut, a short one is a piece.
    const std::int64_t pieces = std::max<std::int64_t>(1, std::int64_t{tasks} * kPiecesPerTask / outer);
    const std::int64_t length = (inner / pieces + 1023) / 1024 * 1024;
    t.segment = static_cast<int>(std::clamp(length, kShortestSegment, kLongestSegment));
    return t;
  }

  void add(const CpuMapTiles& t, bool outgrows) {
    found_.propose(t.to_program(), [&] { return reasons(t, outgrows); });
    // Which operands cross, and which axes divide evenly, are matters of the shape.
    if (t.across == 0 && t.stream == 0 && !divides_) found_.serves_any_shape(t.to_program());
  }

  std::vector<RuleApplied> reasons(const CpuMapTiles& t, bool outgrows) const {
    std::vector<RuleApplied> rules;
    rules.push_back({"tasks", "worth_threads",
                     fmt::format("{:.0f} KB are moved, a fork pays from {:.0f} KB on", bytes_ / 1024,
                                 kThreadsPayBytes / 1024)});
    if (t.across > 0)
      rules.push_back({"across, tile_x, tile_y", "crossing_tile",
                       fmt::format("operands run along axis {} of {}: tiles of {} x {} are transposed in "
                                   "registers, whole cache lines both ways",
                                   t.across - 1, form_.extents.size(), t.tile_x, t.tile_y)});
    else
      rules.push_back({"segment", "balanced_pieces",
                       fmt::format("{} elements of an innermost axis of {}", t.segment, form_.extents.back())});
    rules.push_back({"stream", "past_the_caches",
                     outgrows ? fmt::format("{:.1f} MB outgrow half of L3 ({:.1f} MB): stores need not read "
                                            "their lines first", bytes_ / 1e6,
                                            static_cast<double>(hardware_.cpu.l3_bytes) / 1e6)
                              : fmt::format("{:.3f} MB stay in the caches, or runs of {} elements are short",
                                            bytes_ / 1e6, form_.extents.back())});
    if (form_.digits > 0)
      rules.push_back({"digits", "digit_split",
                       fmt::format("{} axes taken apart so that divisions are subscripts", form_.digits)});
    return rules;
  }

  const MapForm& form_;
  const Hardware& hardware_;
  Proposals found_;
  const double bytes_;
  const bool divides_ = divides(form_);
};

}  // namespace

std::vector<Constructed> MapCpuConstructor::construct(const Operator& op, const Hardware& hardware, int,
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
