#include "codegen/cpu/map_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "codegen/argument_text.hpp"
#include "codegen/map_arguments.hpp"
#include "codegen/map_printer.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

class Printer {
 public:
  Printer(const Operator& op, const MapForm& form, const CpuMapTiles& tiles)
      : form_(form), tiles_(tiles), arguments_(cpu_map_arguments(op, form, tiles)),
        map_(form, arguments_,
             {"i64", "pt::floor_quotient", "pt::floor_remainder",
              [](const std::string& p, const std::string& at) {
                return fmt::format("pt::to_value<i64>({}[{}])", p, at);
              }}) {}

  Kernel run() {
    for (std::size_t i = 0; i < form_.reads.size(); ++i) operand(i);
    for (std::size_t i = 0; i < form_.axis_values.size(); ++i) axis_value(i);
    for (std::size_t i = 0; i < form_.results.size(); ++i) result(i);
    Kernel kernel;
    kernel.language = Kernel::Language::cpp;
    kernel.program = tiles_.to_program();
    kernel.entry = "perftune_map";
    kernel.source = text();
    kernel.arguments = arguments_.arguments();
    return kernel;
  }

 private:
  std::size_t inner() const { return form_.inner(); }
  bool crossing() const { return tiles_.across > 0; }

  static std::string at(std::size_t axis) { return fmt::format("at[{}]", axis); }
  std::string lane_at(std::size_t axis) {
    if (axis != inner()) return fmt::format("r.at[{}]", axis);
    return fmt::format("(r.at[{}] + j + i)", axis);
  }

  // Every bound holds at these coordinates.
  std::string inside(const std::string& name, const MapAccess& access,
                     const MapPrinter::Coordinate& where) {
    std::string all;
    for (std::size_t b = 0; b < access.bounds.size(); ++b) {
      const std::string bound = fmt::format("{}_b{}", name, b);
      all += fmt::format("{}pt::within({}, {})", all.empty() ? "" : " && ",
                         map_.index(bound, access.bounds[b].index, where),
                         map_.scalar(bound + "_extent"));
    }
    return all.empty() ? "true" : all;
  }

  std::string pad(const MapAccess& access) const {
    return fmt::format("static_cast<Value>({})", print_number(access.pad));
  }
  static std::string print_number(double value) {
    if (value == std::numeric_limits<double>::infinity()) return "__builtin_inf()";
    if (value == -std::numeric_limits<double>::infinity()) return "-__builtin_inf()";
    return fmt::format("{}", value);
  }

  void operand(std::size_t i) {
    const MapAccess& access = form_.reads[i];
    const std::string name = fmt::format("e{}", i);
    const std::string element = device_type(access.type);
    const std::string pointer = map_.pointer(access.tensor);
    const auto here = [](std::size_t a) { return at(a); };
    const auto offset = [&] { return map_.index(name, access.offset, here, &access.form); };
    switch (along(form_, tiles_, access)) {
      case Along::invariant:
        fields_ += fmt::format("    T {};\n", name);
        row_ += fmt::format("    r.{} = pt::broadcast<Value>({} ? pt::to_value<Value>({}[{}]) : {});\n",
                            name, inside(name, access, here), pointer, offset(), pad(access));
        step_ += fmt::format("    const T {0} = r.{0};\n", name);
        return;
      case Along::crossed:
        crossed(name, access, element, pointer, offset());
        return;
      case Along::contiguous:
      case Along::strided:
        run(name, access, element, pointer, offset());
        return;
      case Along::anyhow: {
        keeps_at_ = true;
        const auto where = [&](std::size_t a) { return lane_at(a); };
        step_ += fmt::format(
            "    const T {} = pt::from_lanes<T, Whole>(lanes, [&]([[maybe_unused]] int i) -> Value {{\n"
            "      return {} ? pt::to_value<Value>({}[{}]) : {};\n    }});\n",
            name, inside(name, access, where), pointer,
            map_.index(name, access.offset, where, &access.form), pad(access));
        return;
      }
    }
  }

  // Contiguous or strided along the run, between the bounds.
  void run(const std::string& name, const MapAccess& access, const std::string& element,
           const std::string& pointer, const std::string& offset) {
    const bool contiguous = access.contiguous(inner());
    fields_ += fmt::format("    const {}* {};\n", element, name);
    row_ += fmt::format("    r.{} = {} + ({});\n", name, pointer, offset);
    if (!access.bounds.empty()) {
      fields_ += fmt::format("    pt::Inside {}_in;\n", name);
      row_ += fmt::format("    r.{}_in = pt::all_inside();\n", name);
      for (std::size_t b = 0; b < access.bounds.size(); ++b) {
        const MapAccess::Bound& bound = access.bounds[b];
        const std::string prefix = fmt::format("{}_b{}", name, b);
        const std::string index = map_.index(prefix, bound.index, at);
        const std::string extent = map_.scalar(prefix + "_extent");
        if (bound.index.depends_on(inner()))
          row_ += fmt::format("    pt::narrow(r.{}_in, {}, {}, {});\n", name, index,
                              map_.coefficient(prefix, inner()), extent);
        else
          row_ += fmt::format("    if (!pt::within({}, {})) pt::exclude_all(r.{}_in);\n", index, extent,
                              name);
      }
    }
    if (contiguous && access.bounds.empty()) {
      step_ += fmt::format("    const T {0} = pt::read_along<T, Whole>(r.{0} + j, lanes, mask);\n", name);
      return;
    }
    if (contiguous) {
      step_ += fmt::format(
          "    const T {0} = pt::read_padded<T, Whole>(r.{0}, j, lanes, mask, r.{0}_in, {1});\n", name,
          pad(access));
      return;
    }
    const std::string guard =
        access.bounds.empty()
            ? ""
            : fmt::format("j + i < r.{0}_in.first || j + i >= r.{0}_in.last ? {1} : ", name, pad(access));
    step_ += fmt::format(
        "    const T {0} = pt::from_lanes<T, Whole>(lanes, [&](int i) -> Value {{\n"
        "      return {1}pt::to_value<Value>(r.{0}[(j + i) * {2}]);\n    }});\n",
        name, guard, map_.coefficient(name, inner()));
  }

  void crossed(const std::string& name, const MapAccess& access, const std::string& element,
               const std::string& pointer, const std::string& offset) {
    const auto bytes = static_cast<int>(size_bytes(access.type));
    const std::string buffer =
        fmt::format("reinterpret_cast<{}*>(tile + {})", element, tile_bytes_);
    fill_ += fmt::format(
        "    if ({}) {{\n"
        "      pt::cross_tile<{}>({} + ({}), {}, {}, tile_x, nx, ny);\n"
        "    }} else {{\n"
        "      for (i64 y = 0; y < ny; ++y)\n"
        "        for (i64 x = 0; x < nx; ++x)\n"
        "          {}[y * tile_x + x] = pt::from_value<{}>({});\n    }}\n",
        inside(name, access, at), tiles_.ahead != 0, pointer, offset,
        map_.coefficient(name, inner()), buffer, buffer, element, pad(access));
    fields_ += fmt::format("    const {}* {};\n", element, name);
    row_ += fmt::format("    r.{} = reinterpret_cast<const {}*>(tile + {}) + line * tile_x;\n", name,
                        element, tile_bytes_);
    step_ += fmt::format("    const T {0} = pt::read_along<T, Whole>(r.{0} + j, lanes, mask);\n", name);
    tile_bytes_ += (tiles_.tile_x * tiles_.tile_y * bytes + 63) / 64 * 64;
  }

  void axis_value(std::size_t i) {
    const MapIndex& index = form_.axis_values[i];
    const std::string name = fmt::format("v{}", i);
    bool atoms = false;
    for (const MapIndex::Atom& atom : index.atoms) atoms = atoms || atom.operand[0].depends_on(inner());
    if (atoms) {
      keeps_at_ = true;
      step_ += fmt::format(
          "    [[maybe_unused]] const T {} = pt::from_lanes<T, Whole>(lanes, [&](int i) -> Value {{\n"
          "      return static_cast<Value>({});\n    }});\n",
          name, map_.index(name, index, [&](std::size_t a) { return lane_at(a); }));
    } else if (index.present[inner()]) {
      fields_ += fmt::format("    i64 {};\n", name);
      row_ += fmt::format("    r.{} = {};\n", name, map_.index(name, index, at));
      const std::string step = map_.coefficient(name, inner());
      step_ += fmt::format("    [[maybe_unused]] const T {0} = pt::ramp<T>(r.{0} + j * {1}, {1});\n", name,
                           step);
    } else {
      fields_ += fmt::format("    T {};\n", name);
      row_ += fmt::format("    r.{} = pt::broadcast<Value>(static_cast<Value>({}));\n", name,
                          map_.index(name, index, at));
      step_ += fmt::format("    [[maybe_unused]] const T {0} = r.{0};\n", name);
    }
  }

  void result(std::size_t i) {
    const MapResult& out = form_.results[i];
    const std::string name = fmt::format("o{}", i);
    const std::string value = map_.value(
        out, [](std::size_t read) { return fmt::format("e{}", read); },
        [](std::size_t axis) { return fmt::format("v{}", axis); });
    fields_ += fmt::format("    {}* {};\n", device_type(out.access.type), name);
    row_ += fmt::format("    r.{} = {} + ({});\n", name, map_.pointer(out.access.tensor),
                        map_.index(name, out.access.offset, at, &out.access.form));
    const auto form = out.access.form[inner()];
    if (form == StrideForm::run_time)
      stores_ += fmt::format("    pt::scatter_lanes(r.{} + j * {}, {}, {}, lanes);\n", name,
                             map_.coefficient(name, inner()),
                             map_.coefficient(name, inner()), value);
    else
      stores_ += fmt::format("    pt::write_along<Whole, Stream>(r.{} + j, {}, lanes, mask);\n", name,
                             "T(" + value + ")");
  }

  std::string text() {
    std::string extents;
    for (std::size_t a = 0; a < form_.extents.size(); ++a)
      extents += fmt::format("{}p.extent{}", a > 0 ? ", " : "", a);
    if (keeps_at_) {
      fields_ += fmt::format("    i64 at[{}];\n", form_.extents.size());
      row_ += "    for (int a = 0; a < axes; ++a) r.at[a] = at[a];\n";
    }
    return fmt::format(
        R"(// {program}
#include "perftune/map.hpp"

using pt::i64;

struct Params {{
{members}}};

struct Map {{
  const Params& p;

  using Value = {value};
  using T = pt::Vector<Value>;
  static constexpr int axes = {axes};
  static constexpr bool crossing = {crossing}, streams = {streams};
  static constexpr int across = {across}, tile_x = {tile_x}, tile_y = {tile_y}, tile_bytes = {tile_bytes};
  static constexpr int tasks = {tasks}, unroll = {unroll};

  i64 extent(int axis) const {{
    const i64 all[axes] = {{{extents}}};
    return all[axis];
  }}
  i64 segment() const {{ return {segment}; }}

  struct Row {{
{fields}  }};

  Row row([[maybe_unused]] const i64 (&at)[axes], [[maybe_unused]] const unsigned char* tile,
          [[maybe_unused]] i64 line) const {{
    Row r;
{row}    return r;
  }}

  i64 aligned([[maybe_unused]] const Row& r) const {{ return pt::until_aligned<Value>(r.o0); }}

  void fill([[maybe_unused]] const i64 (&at)[axes], [[maybe_unused]] unsigned char* tile,
            [[maybe_unused]] i64 nx, [[maybe_unused]] i64 ny) const {{
{fill}  }}

  template <bool Whole, bool Stream>
  void step([[maybe_unused]] const Row& r, [[maybe_unused]] i64 j, [[maybe_unused]] int lanes,
            [[maybe_unused]] pt::Mask mask) const {{
{step}{stores}  }}
}};

extern "C" __attribute__((visibility("default"))) void perftune_map(const Params* params,
                                                                    const PerftunePool* pool) {{
  pt::run(Map{{*params}}, *pool);
}}
)",
        fmt::arg("program", tiles_.to_program().text()), fmt::arg("members", member_text(arguments_)),
        fmt::arg("value", device_type(form_.scalar)), fmt::arg("axes", form_.extents.size()),
        fmt::arg("crossing", crossing()), fmt::arg("streams", tiles_.stream != 0),
        fmt::arg("across", tiles_.across - 1), fmt::arg("tile_x", tiles_.tile_x),
        fmt::arg("tile_y", tiles_.tile_y), fmt::arg("tile_bytes", std::max(tile_bytes_, 64)),
        fmt::arg("tasks", tiles_.tasks), fmt::arg("unroll", tiles_.unroll), fmt::arg("extents", extents),
        fmt::arg("segment", tiles_.segment), fmt::arg("fields", fields_), fmt::arg("row", row_),
        fmt::arg("fill", fill_), fmt::arg("step", step_), fmt::arg("stores", stores_));
  }

  const MapForm& form_;
  const CpuMapTiles& tiles_;
  const ArgumentList arguments_;
  MapPrinter map_;
  std::string fields_, row_, step_, stores_, fill_;
  int tile_bytes_ = 0;
  bool keeps_at_ = false;
};

}  // namespace

Kernel cpu_map_source(const Operator& op, const MapForm& form, const CpuMapTiles& tiles) {
  return Printer(op, form, tiles).run();
}

}  // namespace perftune
