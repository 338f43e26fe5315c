#include "codegen/cuda/row_printer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

using Kind = RowLeaf::Kind;

char operation(Reduction r) {
  switch (r) {
    case Reduction::sum:
      return '+';
    case Reduction::product:
      return '*';
    case Reduction::minimum:
      return '<';
    case Reduction::maximum:
      return '>';
  }
  return '+';
}

}  // namespace

RowPrinter::RowPrinter(const RowForm& form, const CudaRowTiles& tiles, const ArgumentList& arguments)
    : form_(form), tiles_(tiles), arguments_(arguments), names_(form), kept_(cuda_row_kept(form, tiles)),
      access_(form, tiles, arguments) {}

std::string RowPrinter::problem() {
  std::string text = types() + start();
  for (int p = 0; p < form_.passes(); ++p) text += pass(p);
  return text + store();
}

std::vector<std::size_t> RowPrinter::reductions_of(int pass) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < form_.reductions.size(); ++i)
    if (form_.reductions[i].level == pass) found.push_back(i);
  return found;
}

int RowPrinter::first_pass(RowLeaf leaf) const {
  for (int p = 0; p < form_.passes(); ++p)
    for (const RowAction& action : actions_of_pass(form_, p, kept_.elements))
      if (action.leaf.kind == leaf.kind && action.leaf.index == leaf.index &&
          (action.kind == RowAction::Kind::read || action.kind == RowAction::Kind::keep))
        return p;
  return -1;
}

bool RowPrinter::waits(RowLeaf leaf) const {
  const auto& list = leaf.kind == Kind::read ? kept_.reads : kept_.elements;
  return std::find(list.begin(), list.end(), leaf.index) != list.end();
}

std::string RowPrinter::types() {
  std::string text = "  struct Row {\n    bool valid;\n    Index ";
  for (std::size_t i = 0; i < form_.rows().size(); ++i) text += fmt::format("{}r{}", i > 0 ? ", " : "", i);
  text += ";\n";
  for (std::size_t i = 0; i < form_.reads.size(); ++i) {
    text += fmt::format("    Index x{};\n", i);
    for (std::size_t b = 0; b < form_.reads[i].at.bounds.size(); ++b) text += fmt::format("    Index x{}_b{};\n", i, b);
  }
  for (std::size_t i = 0; i < form_.outputs.size(); ++i) text += fmt::format("    Index y{};\n", i);
  const auto value = [&](RowLeaf leaf) { text += fmt::format("    T {}[row_lanes];\n", names_.name(leaf)); };
  for (const RowLeaf& leaf : row_start_leaves(form_)) value(leaf);
  for (int p = -1; p < form_.passes(); ++p)
    for (const RowLeaf& leaf : finished_after(form_, p)) value(leaf);
  text += "  };\n  struct Columns {\n    Index ";
  for (std::size_t i = 0; i < form_.columns().size(); ++i) text += fmt::format("{}c{}", i > 0 ? ", " : "", i);
  text += ";\n  };\n  struct Chunk {\n";
  for (std::size_t i = 0; i < form_.reads.size(); ++i)
    if (form_.reads[i].indexed_by(Group::k))
      text += fmt::format("    pt::Vec<{}, Tiles::vector> x{};\n", device_type(form_.reads[i].at.type), i);
  for (std::size_t i = 0; i < kept_.elements.size(); ++i)
    text += fmt::format("    pt::Vec<T, Tiles::vector> kept{};\n", i);
  text += "  };\n\n  static PT_DEVICE Columns columns_at([[maybe_unused]] const Params& p, Index column) {\n    Columns at;\n" +
          access_.decode(Group::k, "column", "at.") + "    return at;\n  }\n";
  return text;
}

std::string RowPrinter::uses(const ExprPtr& value, const char* lane) const {
  std::vector<RowLeaf> leaves;
  form_.collect_leaves(value, false, leaves);
  std::string text;
  for (const RowLeaf& leaf : leaves)
    text += fmt::format("      [[maybe_unused]] const T {0} = row.{0}[{1}];\n", names_.name(leaf), lane);
  return text;
}

std::string RowPrinter::row_values(int pass) const {
  std::string text;
  for (const RowLeaf& leaf : finished_after(form_, pass)) {
    if (leaf.kind != Kind::row_value) continue;
    const ExprPtr& value = form_.row_values[static_cast<std::size_t>(leaf.index)].value;
    text += "    PT_UNROLL\n    for (int v = 0; v < row_lanes; ++v) {\n" + uses(value, "v") +
            fmt::format("      row.{}[v] = {};\n    }}\n", names_.name(leaf), names_.print(value));
  }
  return text;
}

std::string RowPrinter::start() {
  std::string text = "  static PT_DEVICE void start([[maybe_unused]] const Params& p, Index first, Row& row) {\n" +
                     access_.decode(Group::m, "first", "row.");
  for (std::size_t i = 0; i < form_.reads.size(); ++i) {
    text += access_.row_part(form_.reads[i].at, fmt::format("x{}", i));
    text += access_.row_loads(form_.reads[i], fmt::format("x{}", i));
  }
  for (std::size_t i = 0; i < form_.outputs.size(); ++i)
    text += access_.row_part(form_.outputs[i].at, fmt::format("y{}", i));
  for (const RowLeaf& leaf : row_start_leaves(form_)) {
    const auto i = static_cast<std::size_t>(leaf.index);
    const std::string name = names_.name(leaf);
    if (leaf.kind == Kind::constant) {
      const std::string value = arguments_.use(fmt::format("constant{}", i));
      text += fmt::format("    PT_UNROLL\n    for (int v = 0; v < row_lanes; ++v) row.{}[v] = static_cast<T>(pt::bit_cast<pt::f64>({}));\n", name, value);
    } else if (leaf.kind == Kind::row_axis) {
      const bool moves = tiles_.lanes != 0 && i + 1 == form_.rows().size();
      text += fmt::format("    PT_UNROLL\n    for (int v = 0; v < row_lanes; ++v) row.{}[v] = static_cast<T>(row.r{}{});\n", name, i, moves ? " + v" : "");
    } else {
      text += fmt::format("    {{\n    pt::Vec<{}, row_lanes> read;\n", device_type(form_.reads[i].at.type)) +
              access_.read(i, "read", "row.valid", true) +
              fmt::format("    PT_UNROLL\n    for (int v = 0; v < row_lanes; ++v) row.{}[v] = pt::widen<T>(read[v]);\n    }}\n", name);
    }
  }
  return text + row_values(-1) + "  }\n";
}

std::string RowPrinter::load(int pass) {
  std::string text;
  for (const RowAction& action : actions_of_pass(form_, pass, kept_.elements)) {
    if (action.kind != RowAction::Kind::read) continue;
    if (waits(action.leaf) && first_pass(action.leaf) < pass) continue;
    const auto i = static_cast<std::size_t>(action.leaf.index);
    text += access_.read(i, fmt::format("chunk.x{}", i), "valid", false);
  }
  return text;
}

std::string RowPrinter::staging(int pass, bool store) const {
  std::string text, base = "Tiles::staged_offset";
  const auto part = [&](RowLeaf leaf, const std::string& member, DType type) {
    const int first = first_pass(leaf);
    const std::string here = base;
    base += fmt::format(" + {}u * Tiles::vector * Tiles::chunks * Tiles::threads", size_bytes(type));
    bool wanted = store && first == pass;
    if (!store && first < pass && first >= 0)
      for (const RowAction& action : actions_of_pass(form_, pass, kept_.elements))
        wanted = wanted || (action.leaf.kind == leaf.kind && action.leaf.index == leaf.index &&
                            (action.kind == RowAction::Kind::read || action.kind == RowAction::Kind::recall));
    if (wanted)
      text += fmt::format("    pt::{}<{}, Tiles::vector, Tiles::threads>({}, slot, chunk.{});\n",
                          store ? "stage" : "unstage", device_type(type), here, member);
  };
  if (tiles_.staged != 0) {
    for (std::size_t i = 0; i < kept_.elements.size(); ++i)
      part({Kind::element, kept_.elements[i]}, fmt::format("kept{}", i), form_.value);
    for (const int r : kept_.reads)
      part({Kind::read, r}, fmt::format("x{}", r), form_.reads[static_cast<std::size_t>(r)].at.type);
  }
  return text;
}

std::string RowPrinter::step(int pass) {
  const std::vector<std::size_t> sums = reductions_of(pass);
  std::string head, lanes, stores;
  for (const RowAction& action : actions_of_pass(form_, pass, kept_.elements)) {
    const auto i = static_cast<std::size_t>(action.leaf.index);
    const auto value = [&](const std::string& of) {
      lanes += fmt::format("      [[maybe_unused]] const T {} = {};\n", names_.name(action.leaf), of);
    };
    switch (action.kind) {
      case RowAction::Kind::row_leaf:
        value(fmt::format("row.{}[{}]", names_.name(action.leaf), tiles_.lanes != 0 ? "v" : "0"));
        break;
      case RowAction::Kind::read:
        value(fmt::format("pt::widen<T>(chunk.x{}[v])", i));
        break;
      case RowAction::Kind::axis:
        value(fmt::format("static_cast<T>(at.c{}{})", i, tiles_.lanes == 0 && i + 1 == form_.columns().size() ? " + v" : ""));
        break;
      case RowAction::Kind::recall:
        value(fmt::format("chunk.kept{}[v]", action.index));
        break;
      case RowAction::Kind::compute:
        value(names_.print(form_.elements[i].value));
        break;
      case RowAction::Kind::keep:
        lanes += fmt::format("      chunk.kept{}[v] = {};\n", action.index, names_.name(action.leaf));
        break;
      case RowAction::Kind::accumulate: {
        const auto r = static_cast<std::size_t>(action.index);
        const auto slot = std::find(sums.begin(), sums.end(), r) - sums.begin();
        lanes += fmt::format("      acc[{0}][v] = pt::combine<T>('{1}', acc[{0}][v], {2});\n", slot,
                             operation(form_.reductions[r].op), names_.print(form_.reductions[r].term));
        break;
      }
      case RowAction::Kind::store: {
        const auto o = static_cast<std::size_t>(action.index);
        const std::string type = device_type(form_.outputs[o].at.type);
        head += fmt::format("    pt::Vec<{}, Tiles::vector> out{};\n", type, o);
        lanes += fmt::format("      out{}[v] = pt::narrow<{}>({});\n", o, type, names_.print(form_.outputs[o].value));
        stores += access_.write(o, fmt::format("out{}", o), "true", false);
        break;
      }
    }
  }
  return head + "    PT_UNROLL\n    for (int v = 0; v < Tiles::vector; ++v) {\n" + lanes + "    }\n" + stores;
}

std::string RowPrinter::finish(int pass) const {
  std::string text;
  int slot = 0;
  for (const std::size_t r : reductions_of(pass))
    text += fmt::format("    PT_UNROLL\n    for (int v = 0; v < row_lanes; ++v) row.{}[v] = total[{}][v];\n",
                        names_.name({Kind::reduction, static_cast<int>(r)}), slot++);
  return text + row_values(pass);
}

std::string RowPrinter::pass(int pass) {
  const std::size_t sums = reductions_of(pass).size();
  std::string ops;
  for (const std::size_t r : reductions_of(pass)) ops += operation(form_.reductions[r].op);
  const std::string tag = fmt::format("pt::Pass<{}>", pass);
  std::string text = fmt::format("\n  static constexpr PT_DEVICE int sums({}) {{ return {}; }}\n", tag, sums);
  text += fmt::format("  static constexpr PT_DEVICE char op({}, [[maybe_unused]] int s) {{ return ", tag);
  for (std::size_t s = 0; s + 1 < sums; ++s) text += fmt::format("s == {} ? '{}' : ", s, ops[s]);
  text += fmt::format("'{}'; }}\n", sums == 0 ? '+' : ops.back());
  text += fmt::format("  static PT_DEVICE void load({}, [[maybe_unused]] const Params& p, [[maybe_unused]] const Row& row,\n"
                      "      [[maybe_unused]] const Columns& at, [[maybe_unused]] bool valid, [[maybe_unused]] Chunk& chunk) {{\n{}  }}\n",
                      tag, load(pass));
  if (tiles_.staged != 0)
    for (const bool store : {true, false})
      text += fmt::format("  static PT_DEVICE void {}({}, [[maybe_unused]] pt::u32 slot, [[maybe_unused]] Chunk& chunk) {{\n{}  }}\n",
                          store ? "stage" : "unstage", tag, staging(pass, store));
  text += fmt::format("  static PT_DEVICE void step({}, [[maybe_unused]] const Params& p, [[maybe_unused]] const Row& row,\n"
                      "      [[maybe_unused]] const Columns& at, [[maybe_unused]] Chunk& chunk, [[maybe_unused]] T (&acc)[{}][Tiles::vector]) {{\n{}  }}\n",
                      tag, sums + 1, step(pass));
  text += fmt::format("  static PT_DEVICE void finish({}, [[maybe_unused]] const Params& p, [[maybe_unused]] Row& row,\n"
                      "      [[maybe_unused]] const T (&total)[{}][row_lanes]) {{\n{}  }}\n", tag, sums + 1, finish(pass));
  return text;
}

std::string RowPrinter::store() {
  std::string text = "\n  static PT_DEVICE void store([[maybe_unused]] const Params& p, [[maybe_unused]] const Row& row) {\n";
  for (std::size_t i = 0; i < form_.outputs.size(); ++i) {
    const auto& output = form_.outputs[i];
    if (output.by_columns) continue;
    const std::string type = device_type(output.at.type);
    text += fmt::format("    pt::Vec<{}, row_lanes> out{};\n    PT_UNROLL\n    for (int v = 0; v < row_lanes; ++v) {{\n{}"
                        "      out{}[v] = pt::narrow<{}>({});\n    }}\n", type, i, uses(output.value, "v"), i, type,
                        names_.print(output.value));
    text += access_.write(i, fmt::format("out{}", i), "row.valid", true);
  }
  return text + "  }\n";
}

}  // namespace perftune
