#include "codegen/cpu/row_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/argument_text.hpp"
#include "codegen/cpu/row_arguments.hpp"
#include "codegen/cpu/row_addresses.hpp"
#include "codegen/row_names.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

using Leaf = RowLeaf::Kind;

char operation(Reduction r) {
  return r == Reduction::sum ? '+' : r == Reduction::product ? '*' : r == Reduction::minimum ? '<' : '>';
}

class SourcePrinter {
 public:
  SourcePrinter(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes)
      : form_(form), tiles_(tiles), lanes_(lanes), names_(form), address_(form, tiles),
        kept_(cpu_kept_elements(form, tiles)), lane_(tiles.lanes != 0 ? Group::m : Group::k) {}

  Kernel run() {
    std::string body = shape_text() + row_struct() + start_text() + address_.interior_text() + address_.stage_text();
    for (int pass = 0; pass < form_.passes(); ++pass) body += pass_text(pass);
    body += store_text();
    finish(body);
    return std::move(kernel_);
  }

 private:
  // ---- The kernel's members ----

  std::string shape_text() const {
    const auto extents = [&](const char* function, Group g) {
      if (g == Group::k && tiles_.unrolled())
        return fmt::format("  static constexpr int window[] = {{{}, {}, {}}};\n"
                           "  static constexpr i64 {}(int axis) {{ return window[axis]; }}\n",
                           tiles_.window0, tiles_.window1, tiles_.window2, function);
      std::string text = fmt::format("  PT_INLINE i64 {}(int axis) const {{\n", function);
      for (std::size_t i = 0; i + 1 < address_.axes(g).size(); ++i)
        text += fmt::format("    if (axis == {}) return p.{}{};\n", i, address_.letter(g), i);
      return text + fmt::format("    return p.{}{};\n  }}\n", address_.letter(g), address_.axes(g).size() - 1);
    };
    std::string text = extents("row_extent", Group::m) + extents("column_extent", Group::k);
    for (int pass = 0; pass < form_.passes(); ++pass)
      text += fmt::format("  static constexpr int sums(pt::Pass<{}>) {{ return {}; }}\n", pass,
                          reductions_of(pass).size());
    return text;
  }

  std::vector<std::size_t> reductions_of(int pass) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < form_.reductions.size(); ++i)
      if (form_.reductions[i].level == pass) found.push_back(i);
    return found;
  }

  std::string row_struct() const {
    std::string text = "\n  struct Row {\n    i64 r[row_axes];\n";
    for (std::size_t i = 0; i < form_.reads.size(); ++i) {
      text += fmt::format("    i64 x{};\n", i);
      for (std::size_t b = 0; b < form_.reads[i].at.bounds.size(); ++b) text += fmt::format("    i64 x{}_b{};\n", i, b);
    }
    for (std::size_t i = 0; i < form_.outputs.size(); ++i) text += fmt::format("    i64 y{};\n", i);
    if (tiles_.stage != 0) text += "    i64 staged;\n";
    const auto value = [&](RowLeaf leaf) { text += fmt::format("    V {};\n", names_.name(leaf)); };
    for (const RowLeaf& leaf : row_start_leaves(form_)) value(leaf);
    for (int pass = -1; pass < form_.passes(); ++pass)
      for (const RowLeaf& leaf : finished_after(form_, pass)) value(leaf);
    text += "  };\n  struct Shared {\n";
    for (std::size_t i = 0; i < form_.reads.size(); ++i)
      if (address_.shared_read(i) || address_.shared_window(i))
        text += fmt::format("    {} x{};\n", address_.shared_read(i) ? "V" : "pt::WindowMask", i);
    return text + "  };\n\n";
  }

  static const char* signature_tail() { return "[[maybe_unused]] const pt::Lanes& lanes"; }

  // `row.eN` under the name that printed expressions use.
  std::string use(RowLeaf leaf) const {
    return fmt::format("    [[maybe_unused]] const V {0} = row.{0};\n", names_.name(leaf));
  }
  std::string uses_of(const ExprPtr& e) const {
    std::vector<RowLeaf> leaves;
    form_.collect_leaves(e, false, leaves);
    std::string text;
    for (const RowLeaf& leaf : leaves) text += use(leaf);
    return text;
  }

  // Where the row's reads and stores begin: place() from its coordinates, beside() from a neighbour,
  // start() what else is known before any column.
  std::string start_text() const {
    std::string place, beside, start;
    for (std::size_t i = 0; i < form_.reads.size(); ++i) {
      const RowAccess& read = form_.reads[i];
      const std::string name = fmt::format("x{}", i);
      place += fmt::format("    row.{0} = p.{0}_base{1};\n", name, address_.offset(read.at, name, Group::m));
      beside += address_.beside_text(read.at, name) + address_.beside_bounds_text(read.at, name);
      for (std::size_t l = 0; l < read.loads.size(); ++l)
        if (address_.load_of_row(read.loads[l]))
          start += fmt::format("    row.{} += {};\n", name, address_.load_text(read, i, l, ""));
      for (std::size_t b = 0; b < read.at.bounds.size(); ++b)
        place += fmt::format("    row.{0}_b{1} = p.{0}_b{1}_offset{2};\n", name, b,
                             address_.bound_part(read.at, b, name, Group::m));
    }
    for (std::size_t i = 0; i < form_.outputs.size(); ++i) {
      const std::string name = fmt::format("y{}", i);
      place += fmt::format("    row.{0} = p.{0}_base{1};\n", name,
                           address_.offset(form_.outputs[i].at, name, Group::m));
      beside += address_.beside_text(form_.outputs[i].at, name);
    }
    if (tiles_.stage != 0) {
      place += fmt::format("    row.staged = row.r[{}] * p.stage_step + row.r[{}];\n", form_.rows().size() - 2, form_.rows().size() - 1);
      beside += "    row.staged += rows * p.stage_step + by;\n";
    }
    for (const RowLeaf& leaf : row_start_leaves(form_)) {
      const std::string name = names_.name(leaf);
      if (leaf.kind == Leaf::constant) {
        start += fmt::format("    row.{} = pt::splat<V>(__builtin_bit_cast(double, p.constant{}));\n", name, leaf.index);
      } else if (leaf.kind == Leaf::row_axis) {
        const bool moves = lane_ == Group::m && leaf.index + 1 == static_cast<int>(form_.rows().size());
        start += fmt::format("    row.{} = pt::broadcast<T>(static_cast<T>(row.r[{}])){};\n", name, leaf.index,
                             moves ? " + pt::lane_numbers<T>()" : "");
      } else {
        start += fmt::format("    row.{} = {};\n", name, address_.read_text(static_cast<std::size_t>(leaf.index), true));
      }
    }
    return "  PT_INLINE void place(Row& row) const {\n" + place +
           "  }\n  PT_INLINE void beside(Row& row, [[maybe_unused]] i64 rows, [[maybe_unused]] i64 by) const {\n" + beside +
           "  }\n  template <bool Whole>\n  PT_INLINE void start([[maybe_unused]] Row& row, " +
           std::string(signature_tail()) + ") const {\n    using T [[maybe_unused]] = Element;\n" + start +
           after_text(-1) + "  }\n\n" + address_.packing_text();
  }

  // Row values that are known after `pass`.
  std::string after_text(int pass) const {
    std::string text = "    {\n    using T [[maybe_unused]] = V;\n";
    bool any = false;
    for (const RowLeaf& leaf : finished_after(form_, pass)) {
      if (leaf.kind != Leaf::row_value) continue;
      const ExprPtr& value = form_.row_values[static_cast<std::size_t>(leaf.index)].value;
      text += "    {\n" + uses_of(value) +
              fmt::format("    row.{} = {};\n    }}\n", names_.name(leaf), names_.print(value));
      any = true;
    }
    return any ? text + "    }\n" : "";
  }

  std::string per_sum(int pass, const char* format) const {
    std::string text;
    int slot = 0;
    for (const std::size_t r : reductions_of(pass)) {
      text += fmt::format(fmt::runtime(format), fmt::arg("s", slot), fmt::arg("op", operation(form_.reductions[r].op)));
      ++slot;
    }
    return text;
  }

  std::string pass_text(int pass) const {
    const std::string sums = fmt::format("V (&acc)[{}]", reductions_of(pass).size() + 1);
    const std::string tag = fmt::format("pt::Pass<{}>", pass);
    std::string text = fmt::format("  PT_INLINE void clear({}, [[maybe_unused]] {}) const {{\n{}  }}\n", tag, sums,
                                   per_sum(pass, "    acc[{s}] = pt::identity<'{op}', V>();\n"));
    text += fmt::format("  PT_INLINE void merge({}, [[maybe_unused]] {}, [[maybe_unused]] const V (&more)[{}]) const {{\n{}  }}\n",
                        tag, sums, reductions_of(pass).size() + 1,
                        per_sum(pass, "    acc[{s}] = pt::combine<'{op}'>(acc[{s}], more[{s}]);\n"));
    text += fmt::format("  PT_INLINE void fold({}, [[maybe_unused]] {}) const {{\n{}  }}\n", tag, sums,
                        per_sum(pass, "    acc[{s}] = pt::fold_lanes<'{op}'>(acc[{s}]);\n"));
    text += fmt::format("  PT_INLINE void finish({}, [[maybe_unused]] Row& row, [[maybe_unused]] {}) const {{\n", tag, sums);
    int slot = 0;
    for (const std::size_t r : reductions_of(pass))
      text += fmt::format("    row.{} = acc[{}];\n", names_.name({Leaf::reduction, static_cast<int>(r)}), slot++);
    text += after_text(pass) + "  }\n";
    text += fmt::format("  template <bool Whole, bool Inside>\n  PT_INLINE void step({}, [[maybe_unused]] const Row& row, "
                        "[[maybe_unused]] const i64* c,\n            [[maybe_unused]] Element* kept, {}, "
                        "[[maybe_unused]] const Shared& shared, [[maybe_unused]] {}) const {{\n    using T [[maybe_unused]] = Element;\n", tag, signature_tail(), sums);
    text += step_text(pass) + "  }\n";
    text += fmt::format("  template <bool Whole>\n  PT_INLINE void share({}, [[maybe_unused]] const Row& row, [[maybe_unused]] const i64* c, {}, "
                        "[[maybe_unused]] Shared& shared) const {{\n    using T [[maybe_unused]] = Element;\n", tag, signature_tail());
    for (const RowAction& action : actions_of_pass(form_, pass, kept_))
      if (action.kind == RowAction::Kind::read) {
        const auto i = static_cast<std::size_t>(action.leaf.index);
        if (address_.shared_read(i) || address_.shared_window(i)) text += address_.share_text(i);
      }
    return text + "  }\n\n";
  }

  // Expressions are printed for the name T, which is a vector there.
  std::string value_text(const ExprPtr& value) const {
    return fmt::format("[&]() __attribute__((always_inline)) {{ using T [[maybe_unused]] = V; return V({}); }}()", names_.print(value));
  }

  std::string step_text(int pass) const {
    std::string text;
    const std::vector<std::size_t> sums = reductions_of(pass);
    for (const RowAction& action : actions_of_pass(form_, pass, kept_)) {
      const auto i = static_cast<std::size_t>(action.leaf.index);
      const auto value = [&](const std::string& of) {
        text += fmt::format("    [[maybe_unused]] const V {} = {};\n", names_.name(action.leaf), of);
      };
      switch (action.kind) {
        case RowAction::Kind::row_leaf:
          text += use(action.leaf);
          break;
        case RowAction::Kind::read:
          value(address_.shared_read(i) ? fmt::format("shared.x{}", i) : address_.read_text(i, false));
          break;
        case RowAction::Kind::axis: {
          const bool moves = lane_ == Group::k && i + 1 == form_.columns().size();
          value(fmt::format("pt::broadcast<T>(static_cast<T>(c[{}])){}", i, moves ? " + pt::lane_numbers<T>()" : ""));
          break;
        }
        case RowAction::Kind::recall:
          value(fmt::format("pt::load(kept + {} * p.kept_stride)", action.index));
          break;
        case RowAction::Kind::compute:
          value(value_text(form_.elements[i].value));
          break;
        case RowAction::Kind::keep:
          text += fmt::format("    pt::store(kept + {} * p.kept_stride, {});\n", action.index, names_.name(action.leaf));
          break;
        case RowAction::Kind::accumulate: {
          const auto r = static_cast<std::size_t>(action.index);
          const auto slot = std::find(sums.begin(), sums.end(), r) - sums.begin();
          const std::string combined = fmt::format("pt::combine<'{}'>(acc[{}], {})", operation(form_.reductions[r].op),
                                                   slot, value_text(form_.reductions[r].term));
          text += lane_ == Group::m
                      ? fmt::format("    acc[{}] = {};\n", slot, combined)
                      : fmt::format("    acc[{0}] = Whole ? {1} : pt::where_lanes<T>(lanes, {1}, acc[{0}]);\n", slot, combined);
          break;
        }
        case RowAction::Kind::store: {
          const auto& output = form_.outputs[static_cast<std::size_t>(action.index)];
          text += write_text(static_cast<std::size_t>(action.index), output, false);
          break;
        }
      }
    }
    return text;
  }

  std::string write_text(std::size_t i, const RowForm::Output& output, bool at_row) const {
    const std::string name = fmt::format("y{}", i);
    return fmt::format("    pt::write_lanes<'{}', Whole, {}>(p.{} + row.{}{}, {}, {}, lanes);\n",
                       address_.form_letter(output.at, at_row), tiles_.stream != 0 && !at_row, name, name,
                       at_row ? "" : address_.offset(output.at, name, Group::k), address_.lane_stride(output.at, name, at_row),
                       value_text(output.value));
  }

  std::string store_text() const {
    std::string text = "  template <bool Whole>\n  PT_INLINE void store([[maybe_unused]] const Row& row, " +
                       std::string(signature_tail()) + ") const {\n";
    for (std::size_t i = 0; i < form_.outputs.size(); ++i)
      if (!form_.outputs[i].by_columns)
        text += "    {\n" + uses_of(form_.outputs[i].value) + write_text(i, form_.outputs[i], true) + "    }\n";
    return text + "  }\n";
  }

  void finish(const std::string& body) {
    const ArgumentList arguments = cpu_row_arguments(form_, tiles_, lanes_);
    Kernel& kernel = kernel_;
    kernel.arguments = arguments.arguments();
    kernel.language = Kernel::Language::cpp;
    kernel.program = tiles_.to_program(row_family(form_));
    kernel.entry = "perftune_" + row_family(form_);
    kernel.source = fmt::format(
        R"(// {program}
#include "perftune/row.hpp"

using pt::i64;

struct Params {{
{members}}};

struct RowKernel {{
  Params p;

  using Element = {type};
  using T = Element;
  using V = pt::Vector<Element>;
  static constexpr bool along_rows = {along_rows};
  static constexpr int unroll = {unroll}, tile = {tile}, tasks = {tasks}, split = {split};
  static constexpr int row_axes = {row_axes}, column_axes = {column_axes};
  static constexpr int passes = {passes}, kept = {kept};
  static constexpr bool unrolled = {unrolled};

{body}
  Element* partials() const {{ return static_cast<Element*>(p.workspace); }}
  Element* scratch(i64 task) const {{ return partials() + p.scratch_offset + task * p.scratch_task; }}
}};

extern "C" __attribute__((visibility("default"))) void {entry}(const Params* params,
                                                               const PerftunePool* pool) {{
  pt::run(RowKernel{{*params}}, *pool);
}}
)",
        fmt::arg("program", kernel.program.text()), fmt::arg("members", member_text(arguments, "i64", "void*")),
        fmt::arg("type", device_type(form_.value)),
        fmt::arg("along_rows", tiles_.lanes != 0), fmt::arg("unroll", tiles_.unroll),
        fmt::arg("tile", tiles_.tile), fmt::arg("tasks", tiles_.tasks), fmt::arg("split", tiles_.split),
        fmt::arg("row_axes", form_.rows().size()), fmt::arg("column_axes", form_.columns().size()),
        fmt::arg("passes", form_.passes()), fmt::arg("kept", kept_.size()), fmt::arg("body", body),
        fmt::arg("unrolled", tiles_.unrolled()),
        fmt::arg("entry", kernel.entry));
  }

  const RowForm& form_;
  const CpuRowTiles& tiles_;
  const std::int64_t lanes_;
  const RowNames names_;
  const CpuRowAddresses address_;
  const std::vector<int> kept_;
  const Group lane_;
  Kernel kernel_;
};

}  // namespace

Kernel cpu_row_source(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes) {
  return SourcePrinter(form, tiles, lanes).run();
}

}  // namespace perftune
