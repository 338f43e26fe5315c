#include "codegen/cuda/map_source.hpp"

#include <fmt/format.h>

#include <utility>

#include "codegen/argument_text.hpp"
#include "codegen/cuda/map_rules.hpp"
#include "codegen/map_arguments.hpp"
#include "codegen/map_printer.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

class Printer {
 public:
  Printer(const Operator& op, const MapForm& form, const GpuMapTiles& tiles, const Hardware& hardware)
      : form_(form), tiles_(tiles), hardware_(hardware), arguments_(cuda_map_arguments(op, form, tiles)),
        index_(tiles.index_bits == 64 ? "pt::i64" : "pt::i32"),
        map_(form, arguments_,
             {"Index", "pt::floor_quotient<Index>", "pt::floor_remainder<Index>",
              [](const std::string& p, const std::string& at) {
                return fmt::format("static_cast<Index>(pt::to_i32(pt::global_load({} + ({}), valid)))", p, at);
              }}) {}

  std::string run() {
    if (crossing())
      print_tile();
    else
      print_point();
    for (std::size_t i = 0; i < form_.reads.size(); ++i) operand(i);
    for (std::size_t i = 0; i < form_.axis_values.size(); ++i) axis_value(i);
    for (std::size_t i = 0; i < form_.results.size(); ++i) result(i);
    return text();
  }

 private:
  std::size_t inner() const { return form_.inner(); }
  bool crossing() const { return tiles_.across > 0; }
  std::size_t across() const { return static_cast<std::size_t>(tiles_.across - 1); }
  static std::string at(std::size_t axis) { return fmt::format("at.a{}", axis); }
  std::string at_element(std::size_t axis) const {
    return axis == inner() && tiles_.vector > 1 ? fmt::format("(at.a{} + v)", axis) : at(axis);
  }
  std::string peel(std::size_t axis) const {
    return fmt::format("pt::peel(rest, {}, {})", arguments_.use(fmt::format("divisor{}", axis)),
                       arguments_.use(fmt::format("count{}", axis)));
  }

  // Position of a thread's vector from its number.
  void print_point() {
    std::string body = "    Index rest = linear;\n    Point at;\n";
    for (std::size_t a = form_.extents.size(); a-- > 1;) {
      const bool last = a == inner();
      body += fmt::format("    at.a{} = {}{};\n", a,
                          peel(a),
                          last && tiles_.vector > 1 ? fmt::format(" * {}", tiles_.vector) : "");
    }
    body += fmt::format("    at.a0 = rest{};\n    return at;\n",
                        inner() == 0 && tiles_.vector > 1 ? fmt::format(" * {}", tiles_.vector) : "");
    place_ = fmt::format("  static PT_DEVICE Point point([[maybe_unused]] const Params& p, Index linear) {{\n{}  }}\n",
                         body);
  }

  // Corner of a block's tile from its number, and how far the tensor goes from there.
  void print_tile() {
    std::string body = "    Index rest = block;\n    Point at;\n";
    for (const std::size_t a : {inner(), across()}) body += fmt::format("    at.a{} = {} * tile;\n", a, peel(a));
    for (std::size_t a = inner(); a-- > 0;)
      if (a != across()) body += fmt::format("    at.a{} = {};\n", a, peel(a));
    place_ = fmt::format(
        "  static PT_DEVICE Point origin(const Params& p, Index block) {{\n{}    return at;\n  }}\n"
        "  static PT_DEVICE pt::i32 rest_x(const Params& p, Point at) {{\n"
        "    return static_cast<pt::i32>(pt::smaller<Index>(tile, static_cast<Index>({}) - at.a{}));\n  }}\n"
        "  static PT_DEVICE pt::i32 rest_y(const Params& p, Point at) {{\n"
        "    return static_cast<pt::i32>(pt::smaller<Index>(tile, static_cast<Index>({}) - at.a{}));\n  }}\n"
        "  static PT_DEVICE Point shifted(Point at, pt::i32 x, pt::i32 y) {{\n"
        "    at.a{} += x;\n    at.a{} += y;\n    return at;\n  }}\n",
        body, arguments_.use("extent_x"), inner(),
        arguments_.use("extent_y"), across(), inner(), across());
  }

  std::string inside(const std::string& name, const MapAccess& access, const MapPrinter::Coordinate& where) {
    std::string all;
    for (std::size_t b = 0; b < access.bounds.size(); ++b) {
      const std::string bound = fmt::format("{}_b{}", name, b);
      all += fmt::format("{}pt::within<Index>({}, {})", all.empty() ? "" : " && ",
                         map_.index(bound, access.bounds[b].index, where),
                         map_.scalar(bound + "_extent"));
    }
    return all;
  }

  void operand(std::size_t i) {
    const MapAccess& access = form_.reads[i];
    const std::string name = fmt::format("e{}", i);
    const std::string element = device_type(access.type);
    const std::string pointer = map_.pointer(access.tensor);
    const bool padded = !access.bounds.empty();
    const bool marks = padded && access.pad != 0;  // what is not read is zero bits already
    const auto address = [&](const MapPrinter::Coordinate& where) {
      return fmt::format("{} + ({})", pointer, map_.index(name, access.offset, where, &access.form));
    };
    const bool varies = access.offset_varies(inner()) || access.bounds_vary(inner());
    if (crossing() && crosses(form_, access, across())) {
      crossed(name, access, element, address(at), padded ? inside(name, access, at) : "true");
    } else if (tiles_.vector == 1 || !varies) {
      fields_ += fmt::format("    {} {};\n", element, name);
      const std::string go = padded ? fmt::format("{}_in", name) : "valid";
      if (padded) loads_ += fmt::format("    const bool {}_in = valid && {};\n", name, inside(name, access, at));
      loads_ += fmt::format("    x.{} = pt::global_load({}, {});\n", name, address(at), go);
      if (marks) fields_ += fmt::format("    bool {}_in;\n", name), loads_ += fmt::format("    x.{0}_in = {0}_in;\n", name);
      widens_ += widen(fmt::format("x.{}", name), name, access, marks ? fmt::format("x.{}_in", name) : "");
    } else if (access.contiguous(inner()) && !access.bounds_vary(inner())) {
      fields_ += fmt::format("    pt::Vec<{}, width> {};\n", element, name);
      const std::string go = padded ? fmt::format("{}_in", name) : "valid";
      if (padded) loads_ += fmt::format("    const bool {}_in = valid && {};\n", name, inside(name, access, at));
      loads_ += fmt::format("    x.{} = pt::load_run<width, {}>({}, {});\n", name, tiles_.read_vector,
                            address(at), go);
      if (marks) fields_ += fmt::format("    bool {}_in;\n", name), loads_ += fmt::format("    x.{0}_in = {0}_in;\n", name);
      widens_ += widen(fmt::format("x.{}[v]", name), name, access, marks ? fmt::format("x.{}_in", name) : "");
    } else {
      const auto where = [&](std::size_t a) { return at_element(a); };
      fields_ += fmt::format("    pt::Vec<{}, width> {};\n", element, name);
      if (marks) fields_ += fmt::format("    bool {}_in[width];\n", name);
      loads_ += "    PT_UNROLL\n    for (int v = 0; v < width; ++v) {\n";
      loads_ += fmt::format("      const bool in = valid{};\n", padded ? " && " + inside(name, access, where) : "");
      loads_ += fmt::format("      x.{}[v] = pt::global_load({}, in);\n", name, address(where));
      if (marks) loads_ += fmt::format("      x.{}_in[v] = in;\n", name);
      loads_ += "    }\n";
      widens_ += widen(fmt::format("x.{}[v]", name), name, access, marks ? fmt::format("x.{}_in[v]", name) : "");
    }
  }

  static std::string widen(const std::string& stored, const std::string& name, const MapAccess& access,
                           const std::string& mark) {
    if (mark.empty()) return fmt::format("      const T {} = pt::widen<T>({});\n", name, stored);
    return fmt::format("      const T {} = {} ? pt::widen<T>({}) : {};\n", name, mark, stored,
                       print_constant(access.pad));
  }

  void crossed(const std::string& name, const MapAccess& access, const std::string& element,
               const std::string& address, const std::string& inside) {
    const std::string type = fmt::format("pt::CrossedTile<{}, tile>", element);
    stage_ += fmt::format(
        "    {{\n      using T [[maybe_unused]] = Scalar;\n"
        "      [[maybe_unused]] constexpr bool valid = true;\n"
        "      {}::fetch<threads>({}, {}, {}, nx, ny, {}, pt::narrow<{}>({}));\n    }}\n",
        type, shared_, address, map_.coefficient(name, inner()), inside, element,
        print_constant(access.pad));
    fields_ += fmt::format("    {} {};\n", element, name);
    loads_ += fmt::format("    x.{} = {}::read({}, tile_x, tile_y, valid);\n", name, type, shared_);
    widens_ += widen(fmt::format("x.{}", name), name, access, "");
    shared_ += crossed_tile_bytes(access, tiles_.tile);
  }

  void axis_value(std::size_t i) {
    const std::string name = fmt::format("v{}", i);
    const auto where = [&](std::size_t a) { return at_element(a); };
    widens_ += fmt::format("      [[maybe_unused]] const T {} = static_cast<T>({});\n", name,
                           map_.index(name, form_.axis_values[i], where));
  }

  void result(std::size_t i) {
    const MapResult& out = form_.results[i];
    const std::string name = fmt::format("o{}", i);
    const std::string element = device_type(out.access.type);
    const std::string value = map_.value(
        out, [](std::size_t read) { return fmt::format("e{}", read); },
        [](std::size_t axis) { return fmt::format("v{}", axis); });
    outs_ += fmt::format("    pt::Vec<{}, width> {};\n", element, name);
    values_ += fmt::format("      {}[v] = pt::narrow<{}>({});\n", name, element, value);
    const bool run = out.access.contiguous(inner()) || tiles_.vector == 1;
    if (run) {
      stores_ += fmt::format("    pt::store_run({} + ({}), {}, valid);\n", map_.pointer(out.access.tensor),
                             map_.index(name, out.access.offset, at, &out.access.form), name);
    } else {
      const auto where = [&](std::size_t a) { return at_element(a); };
      stores_ += fmt::format(
          "    PT_UNROLL\n    for (int v = 0; v < width; ++v)\n"
          "      pt::global_store({} + ({}), {}[v], valid);\n",
          map_.pointer(out.access.tensor), map_.index(name, out.access.offset, where, &out.access.form), name);
    }
  }

  std::string text() {
    std::string point;
    for (std::size_t a = 0; a < form_.extents.size(); ++a) point += fmt::format(" a{}{}", a, a == inner() ? ";" : ",");
    return fmt::format(
        "// {program}\n"
        "#define PT_ARCH {arch}\n"
        "#include \"perftune/map.cuh\"\n\n"
        "struct Params {{\n{members}}};\n\n"
        "struct Problem {{\n"
        "  using Index = {index};\n"
        "  using Scalar = {scalar};\n"
        "  static constexpr int threads = {threads}, items = {items}, width = {width}, tile = {tile};\n"
        "  struct Point {{ Index{point} }};\n"
        "  struct Loaded {{\n{fields}  }};\n"
        "{place}"
        "{stage}"
        "  static PT_DEVICE Loaded load([[maybe_unused]] const Params& p, [[maybe_unused]] Point at,\n"
        "      [[maybe_unused]] bool valid, [[maybe_unused]] pt::i32 tile_x, [[maybe_unused]] pt::i32 tile_y) {{\n"
        "    Loaded x;\n{loads}    return x;\n  }}\n"
        "  static PT_DEVICE void finish([[maybe_unused]] const Params& p, [[maybe_unused]] Point at,\n"
        "      [[maybe_unused]] const Loaded& x, [[maybe_unused]] bool valid) {{\n"
        "    using T = Scalar;\n{outs}"
        "    PT_UNROLL\n    for (int v = 0; v < width; ++v) {{\n{widens}{values}    }}\n"
        "{stores}  }}\n"
        "}};\n\n"
        "PT_KERNEL({entry}, {threads}, 0) {{ pt::{kernel}<Problem, Params>::run(params); }}\n",
        fmt::arg("program", tiles_.to_program().text()), fmt::arg("arch", hardware_.compute_capability * 10),
        fmt::arg("members", member_text(arguments_)), fmt::arg("index", index_),
        fmt::arg("scalar", device_type(form_.scalar)), fmt::arg("threads", tiles_.threads),
        fmt::arg("items", tiles_.items), fmt::arg("width", tiles_.vector), fmt::arg("tile", tiles_.tile),
        fmt::arg("point", point), fmt::arg("fields", fields_.empty() ? "    char none;\n" : fields_),
        fmt::arg("place", place_),
        fmt::arg("stage", crossing()
                              ? fmt::format("  static PT_DEVICE void stage(const Params& p, Point at, pt::i32 nx, "
                                            "pt::i32 ny) {{\n{}  }}\n", stage_)
                              : ""),
        fmt::arg("loads", loads_), fmt::arg("outs", outs_), fmt::arg("widens", widens_),
        fmt::arg("values", values_), fmt::arg("stores", stores_), fmt::arg("entry", kMapEntry),
        fmt::arg("kernel", crossing() ? "MapTiles" : "MapRows"));
  }

  const MapForm& form_;
  const GpuMapTiles& tiles_;
  const Hardware& hardware_;
  const ArgumentList arguments_;
  const std::string index_;
  MapPrinter map_;
  std::string fields_, place_, stage_, loads_, outs_, widens_, values_, stores_;
  int shared_ = 0;
};

}  // namespace

std::string cuda_map_source(const Operator& op, const MapForm& form, const GpuMapTiles& tiles,
                            const Hardware& hardware) {
  return Printer(op, form, tiles, hardware).run();
}

}  // namespace perftune
