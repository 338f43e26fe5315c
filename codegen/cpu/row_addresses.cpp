#include "codegen/cpu/row_addresses.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/cpu/row_arguments.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

// Row coordinates are row.r[i], column ones c[i].
std::string coordinate(Group g, std::size_t i) {
  return fmt::format("{}[{}]", g == Group::m ? "row.r" : "c", i);
}

bool by_columns(const Access& access) {
  for (const StrideForm form : access.forms(Group::k))
    if (form != StrideForm::absent) return true;
  return false;
}

}  // namespace

std::string CpuRowAddresses::offset(const Access& access, const std::string& name, Group g) {
  std::string sum;
  for (std::size_t i = 0; i < access.forms(g).size(); ++i) {
    if (access.forms(g)[i] == StrideForm::absent) continue;
    sum += " + " + coordinate(g, i);
    if (access.forms(g)[i] == StrideForm::run_time) sum += fmt::format(" * p.{}_{}{}", name, letter(g), i);
  }
  return sum;
}

std::string CpuRowAddresses::bound_part(const Access& access, std::size_t b, const std::string& name, Group g) {
  std::string sum;
  for (std::size_t i = 0; i < coefficients(access, b, g).size(); ++i)
    if (coefficients(access, b, g)[i] != 0)
      sum += fmt::format(" + {} * p.{}_b{}_{}{}", coordinate(g, i), name, b, letter(g), i);
  return sum;
}

char CpuRowAddresses::form_letter(const Access& access, bool at_start) const {
  if (at_start && lane_ == Group::k) return '0';
  switch (lane_form(access)) {
    case StrideForm::absent:
      return '0';
    case StrideForm::unit:
      return 'u';
    case StrideForm::run_time:
      break;
  }
  return tiles_.lane_step == 2 ? '2' : 's';
}

std::string CpuRowAddresses::lane_stride(const Access& access, const std::string& name, bool at_start) const {
  const char form = form_letter(access, at_start);
  return form == 's' ? fmt::format("p.{}_{}{}", name, letter(lane_), innermost())
                     : form == '0' ? "0" : form == 'u' ? "1" : "2";
}

bool CpuRowAddresses::load_of_row(const RowAccess::Load& load) const {
  return !by_columns(load.at) && !(lane_ == Group::m && load_moves_with_lanes(load));
}

std::string CpuRowAddresses::load_text(const RowAccess& read, std::size_t i, std::size_t l, const std::string& lane) const {
  const RowAccess::Load& load = read.loads[l];
  const std::string name = fmt::format("x{}_i{}", i, l);
  std::string at = fmt::format("p.{}_base", name) + offset(load.at, name, Group::m) + offset(load.at, name, Group::k);
  if (!lane.empty() && load_moves_with_lanes(load))
    at += fmt::format(" + {} * {}", lane, lane_form(load.at) == StrideForm::unit
                                              ? "1" : fmt::format("p.{}_{}{}", name, letter(lane_), innermost()));
  return fmt::format("pt::to_value<i64>(p.{}[{}]) * p.{}_times", name, at, name);
}

std::string CpuRowAddresses::packing_text() const {
  const auto packed = packed_reads();
  std::string text = fmt::format("  static constexpr int packs = {};\n  const Element* packed = nullptr;\n", packed.size());
  text += fmt::format("  template <bool Whole>\n  PT_INLINE void pack([[maybe_unused]] const Row& row, [[maybe_unused]] const i64* c, "
                      "[[maybe_unused]] const pt::Lanes& lanes, [[maybe_unused]] V (&out)[packs + 1]) const {{\n    using T [[maybe_unused]] = Element;\n");
  for (std::size_t q = 0; q < packed.size(); ++q)
    text += fmt::format("    out[{}] = {};\n", q, read_text(packed[q], false));
  return text + "  }\n\n";
}

std::string CpuRowAddresses::stage_text() const {
  if (!stage_) return "  static constexpr bool stages = false;\n";
  const Access& access = form_.reads[stage_->read].at;
  const std::string name = fmt::format("x{}", stage_->read);
  const std::size_t axes = form_.rows().size();
  std::string outer;
  for (std::size_t i = 0; i + 2 < axes; ++i)
    if (access.forms(Group::m)[i] != StrideForm::absent)
      outer += fmt::format(" + row.r[{}]{}", i, access.forms(Group::m)[i] == StrideForm::unit ? "" : fmt::format(" * p.{}_m{}", name, i));
  return fmt::format(
      "  static constexpr bool stages = true;\n  const Element* staged = nullptr;\n"
      "  void stage([[maybe_unused]] const Row& row, Element* to) const {{\n"
      "    pt::stage_plane<{0}>(p.{1} + p.{1}_base{2},\n"
      "        {{p.stage_rows, p.stage_columns, p.{1}_b{3}_offset, p.{1}_b{3}_extent, p.{1}_b{4}_offset, p.{1}_b{4}_extent,\n"
      "         p.stage_stride, p.stage_pitch}}, {1}_outside.at[0], to);\n  }}\n",
      tiles_.stage, name, outer, stage_->row_bound, stage_->lane_bound);
}

std::string CpuRowAddresses::staged_text() const {
  const Access& access = form_.reads[stage_->read].at;
  const std::string name = fmt::format("x{}", stage_->read);
  const auto moved_by_columns = [&](std::size_t bound) {
    const std::string sum = bound_part(access, bound, name, Group::k);
    return sum.empty() ? std::string("0") : sum.substr(3);
  };
  return fmt::format("pt::load(staged + row.staged + ({}) * p.stage_pitch + pt::staged_at<{}>({}, p.stage_pitch))",
                     moved_by_columns(stage_->row_bound), tiles_.stage, moved_by_columns(stage_->lane_bound));
}

std::string CpuRowAddresses::read_text(std::size_t i, bool at_start) const {
  if (staged(i) && !at_start) return staged_text();
  const RowAccess& read = form_.reads[i];
  const std::string name = fmt::format("x{}", i), type = device_type(form_.value);
  std::string at = fmt::format("p.{0} + row.{0}", name);
  if (!at_start) at += offset(read.at, name, Group::k);
  bool scattered = false;
  std::string per_lane;
  for (std::size_t l = 0; l < read.loads.size(); ++l) {
    if (load_of_row(read.loads[l])) continue;
    const bool moves = !(at_start && lane_ == Group::k) && load_moves_with_lanes(read.loads[l]);
    if (moves) {
      scattered = true;
      per_lane += " + " + load_text(read, i, l, "lane");
    } else {
      at += " + " + load_text(read, i, l, "");
    }
  }
  if (scattered)
    return fmt::format("pt::read_scattered<T, Whole>({}, lanes, [&](i64 lane) {{ return lane * {}{}; }})",
                       at, lane_stride(read.at, name, at_start), per_lane);
  const char form = form_letter(read.at, at_start);
  if (read.at.bounds.empty())
    return fmt::format("pt::read_lanes<T, '{}', Whole>({}, {}, lanes)", form, at,
                       lane_stride(read.at, name, at_start));
  return bounded_text(read.at, name, at, form, at_start);
}

std::string CpuRowAddresses::bounded_text(const Access& access, const std::string& name, const std::string& at,
                         char form, bool at_start) const {
  std::string inside, cuts;
  for (std::size_t b = 0; b < access.bounds.size(); ++b) {
    std::string index = fmt::format("row.{}_b{}", name, b);
    if (!at_start) index += bound_part(access, b, name, Group::k);
    const std::string extent = fmt::format("p.{}_b{}_extent", name, b);
    if (!(at_start && lane_ == Group::k) && bound_moves_with_lanes(access, b))
      cuts += fmt::format("window.template cut<{}>({}, p.{}_b{}_{}{}, {}); ", form == 'u' ? 1 : form == '2' ? 2 : 0,
                          index, name, b, letter(lane_), innermost(), extent);
    else
      inside += fmt::format("{}pt::within({}, {})", inside.empty() ? "" : " & ", index, extent);
  }
  const std::string whole_pad = [&] {  // where the printer says T, a vector is meant
    std::string text = print_constant(access.pad);
    for (std::size_t from = text.find("<T>"); from != std::string::npos; from = text.find("<T>", from + 1))
      text.replace(from, 3, "<V>");
    return text;
  }();
  const std::string stride = lane_stride(access, name, at_start);
  const bool masked = access.type == DType::f32 && form_.value == DType::f32 && (form == 'u' || form == '2');
  // Where nothing is inside, whatever the lane, a line of pad values is read instead.
  const std::string from = masked && !inside.empty() ? fmt::format("({} ? {} : {}_outside.at)", inside, at, name) : at;
  const bool shared = masked && !at_start && shared_window(static_cast<std::size_t>(std::stoi(name.substr(1))));
  std::string read;
  if (cuts.empty())
    read = fmt::format("pt::read_lanes<T, '{}', Whole>({}, {}, lanes)", form, from, stride);
  else if (shared)
    read = fmt::format("pt::read_masked<'{}'>({}, shared.{}, ({})[0])", form, from, name, whole_pad);
  else
    read = fmt::format("[&]() __attribute__((always_inline)) {{ pt::Window window(lanes.count); {}return "
                       "pt::read_window<T, '{}'>({}, {}, window, ({})[0]); }}()", cuts, form, from, stride, whole_pad);
  if (!masked && !inside.empty()) read = fmt::format("({} ? {} : {})", inside, read, whole_pad);
  if (at_start) return read;
  return fmt::format("Inside ? pt::read_lanes<T, '{}', Whole>({}, {}, lanes) : {}", form, at, stride, read);
}

std::vector<std::size_t> CpuRowAddresses::packed_reads() const { return cpu_packed_reads(form_, tiles_); }

namespace {

std::string moved(const std::string& coordinate, const std::string& stride) {
  return stride.empty() ? " + " + coordinate : fmt::format(" + {} * {}", coordinate, stride);
}

}  // namespace

std::string CpuRowAddresses::window_position() const {
  const std::int64_t extent[] = {tiles_.window0, tiles_.window1, tiles_.window2};
  std::string at = "c[0]";
  for (std::size_t i = 1; i < form_.columns().size(); ++i) at = fmt::format("({}) * {} + c[{}]", at, extent[i], i);
  return at;
}

std::string CpuRowAddresses::beside_text(const Access& access, const std::string& name) const {
  const auto& forms = access.forms(Group::m);
  std::string sum;
  for (const std::size_t back : {std::size_t{1}, std::size_t{2}}) {
    if (back > forms.size() || forms[forms.size() - back] == StrideForm::absent) continue;
    const std::size_t i = forms.size() - back;
    sum += moved(back == 1 ? "by" : "rows", forms[i] == StrideForm::unit ? "" : fmt::format("p.{}_m{}", name, i));
  }
  return sum.empty() ? "" : fmt::format("    row.{} +={};\n", name, sum.substr(2));
}

std::string CpuRowAddresses::beside_bounds_text(const Access& access, const std::string& name) const {
  std::string text;
  for (std::size_t b = 0; b < access.bounds.size(); ++b) {
    const auto& by = coefficients(access, b, Group::m);
    std::string sum;
    for (const std::size_t back : {std::size_t{1}, std::size_t{2}})
      if (back <= by.size() && by[by.size() - back] != 0)
        sum += moved(back == 1 ? "by" : "rows", fmt::format("p.{}_b{}_m{}", name, b, by.size() - back));
    if (!sum.empty()) text += fmt::format("    row.{}_b{} +={};\n", name, b, sum.substr(2));
  }
  return text;
}

bool CpuRowAddresses::shared_read(std::size_t i) const {
  const RowAccess& read = form_.reads[i];
  const auto packed = packed_reads();
  if (std::find(packed.begin(), packed.end(), i) != packed.end()) return true;
  return tiles_.tile > 1 && read.indexed_by(Group::k) && read.loads.empty() && read.at.bounds.empty() &&
         read.at.forms(Group::m)[form_.rows().size() - 2] == StrideForm::absent;
}

bool CpuRowAddresses::shared_window(std::size_t i) const {
  const Access& access = form_.reads[i].at;
  const char form = form_letter(access, false);
  if (tiles_.tile == 1 || staged(i) || access.type != DType::f32 || form_.value != DType::f32 || access.bounds.empty() ||
      (form != 'u' && form != '2'))
    return false;
  bool moves = false;
  for (std::size_t b = 0; b < access.bounds.size(); ++b) {
    if (!bound_moves_with_lanes(access, b)) continue;
    moves = true;
    if (coefficients(access, b, Group::m)[form_.rows().size() - 2] != 0) return false;
  }
  return moves;
}

std::string CpuRowAddresses::share_text(std::size_t i) const {
  const auto packed = packed_reads();
  if (const auto at = std::find(packed.begin(), packed.end(), i); at != packed.end())
    return fmt::format("    shared.x{} = pt::load(packed + row.r[{}] * {} + (({}) * {} + {}) * pt::lanes_of<T>);\n", i,
                       form_.rows().size() - 1, tiles_.window_points() * static_cast<std::int64_t>(packed.size()),
                       window_position(), packed.size(), at - packed.begin());
  if (shared_read(i)) return fmt::format("    shared.x{} = {};\n", i, read_text(i, false));
  const Access& access = form_.reads[i].at;
  const std::string name = fmt::format("x{}", i);
  const char form = form_letter(access, false);
  std::string text = "    {\n    pt::Window window(lanes.count);\n";
  for (std::size_t b = 0; b < access.bounds.size(); ++b)
    if (bound_moves_with_lanes(access, b))
      text += fmt::format("    window.template cut<{}>(row.{}_b{}{}, p.{}_b{}_{}{}, p.{}_b{}_extent);\n",
                          form == 'u' ? 1 : 2, name, b, bound_part(access, b, name, Group::k), name, b,
                          letter(lane_), innermost(), name, b);
  return text + fmt::format("    shared.{} = pt::window_mask<'{}'>(window);\n    }}\n", name, form);
}

std::string CpuRowAddresses::interior_text() const {
  std::string text = "  PT_INLINE bool interior([[maybe_unused]] const Row& row, [[maybe_unused]] i64 tile, "
                     "[[maybe_unused]] i64 count) const {\n    bool all = true;\n";
  std::string outside;
  bool any = false;
  for (std::size_t i = 0; i < form_.reads.size(); ++i) {
    const Access& access = form_.reads[i].at;
    for (std::size_t b = 0; b < access.bounds.size() && !staged(i); ++b) {
      any = true;
      const std::string name = fmt::format("x{}_b{}", i, b);
      text += fmt::format("    {{\n    pt::Reach reach(row.{});\n", name);
      for (const Group g : {Group::m, Group::k})
        for (std::size_t a = 0; a < axes(g).size(); ++a) {
          if (coefficients(access, b, g)[a] == 0) continue;
          const bool last = a + 1 == axes(g).size();
          const std::string moved = g == Group::k ? fmt::format("p.k{} - 1", a)
                                    : last ? (lane_ == Group::m ? "count - 1" : "0")
                                    : a + 2 == axes(g).size() ? "tile - 1" : "0";
          text += fmt::format("    reach.move(p.{}_{}{}, {});\n", name, letter(g), a, moved);
        }
      text += fmt::format("    all = all && reach.within(p.{}_extent);\n    }}\n", name);
    }
  }
  for (std::size_t i = 0; i < form_.reads.size(); ++i) {
    const Access& access = form_.reads[i].at;
    if (access.bounds.empty() || access.type != DType::f32 || form_.value != DType::f32) continue;
    const bool finite = access.pad - access.pad == 0;
    outside += fmt::format("  static constexpr pt::PadLine x{}_outside{{{}}};\n", i,
                           finite ? fmt::format("static_cast<float>({})", access.pad) : access.pad > 0 ? "__builtin_inff()" : "-__builtin_inff()");
  }
  return outside + text + "    return all;\n  }\n" + fmt::format("  static constexpr bool windows = {};\n\n", any);
}

}  // namespace perftune
