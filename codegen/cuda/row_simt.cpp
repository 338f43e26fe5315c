#include "codegen/cuda/row_simt.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/cuda/row_legality.hpp"
#include "codegen/cuda/row_printer.hpp"
#include "codegen/cuda/row_tiles.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

RowForm require(const Operator& op) {
  auto canonical = canonicalise_rows(op);
  if (!canonical.form) std::abort();  // callers ask illegal() first
  return *std::move(canonical.form);
}

std::int64_t row_tiles(const RowForm& form, const CudaRowTiles& t) {
  return (form.row_count() + t.rows_per_block() - 1) / t.rows_per_block();
}

// Columns of one split, in whole steps of a block.
std::int64_t part_columns(const RowForm& form, const CudaRowTiles& t) {
  const std::int64_t steps = (form.column_count() + t.columns_per_step() - 1) / t.columns_per_step();
  return (steps + t.split - 1) / t.split * t.columns_per_step();
}

std::int64_t partials_offset(const RowForm& form, const CudaRowTiles& t) {
  return (row_tiles(form, t) * 4 + 15) / 16 * 16;
}

// The source and its arguments come from one pass, so that they cannot disagree.
struct Printed {
  std::string source;
  ArgumentList arguments;
};

Printed print(const RowForm& form, const TileProgram& program, const Hardware& hardware, const std::string& entry) {
  const CudaRowTiles t = CudaRowTiles::from(program);
  const CudaRowShared shared = cuda_row_shared(form, t);
  Printed printed;
  const std::string body = RowPrinter(form, t, printed.arguments).problem();
  if (t.split > 1) {
    printed.arguments.workspace();
    printed.arguments.scalar("part_columns", part_columns(form, t));
    printed.arguments.scalar("partials", partials_offset(form, t));
  }
  printed.source = fmt::format(
      "// {program}\n"
      "#define PT_ARCH {arch}\n"
      "#include \"perftune/row.cuh\"\n\n"
      "struct Params {{\n{members}}};\n\n"
      "struct Problem {{\n"
      "  using T = {value};\n"
      "  using Index = pt::i{bits};\n"
      "  struct Tiles {{\n"
      "    static constexpr bool along_rows = {along_rows}, staged = {staged};\n"
      "    static constexpr int vector = {vector}, row_threads = {row_threads}, column_threads = {column_threads};\n"
      "    static constexpr int threads = {threads}, held = {held}, chunks = {chunks}, unroll = {unroll}, split = {split};\n"
      "    static constexpr int passes = {passes};\n"
      "    static constexpr pt::u32 shared_bytes = {shared}, staged_offset = {staged_offset};\n"
      "  }};\n"
      "  static constexpr int row_lanes = Tiles::along_rows ? Tiles::vector : 1;\n"
      "{body}}};\n\n"
      "PT_KERNEL({entry}, {threads}, 0) {{ pt::RowKernel<Problem, Params>::run(params); }}\n",
      fmt::arg("program", program.text()), fmt::arg("arch", hardware.compute_capability * 10),
      fmt::arg("members", printed.arguments.members()), fmt::arg("value", device_type(form.value)),
      fmt::arg("bits", t.index_bits), fmt::arg("along_rows", t.lanes != 0), fmt::arg("staged", t.staged != 0),
      fmt::arg("vector", t.vector), fmt::arg("row_threads", t.row_threads),
      fmt::arg("column_threads", t.column_threads), fmt::arg("threads", t.threads()), fmt::arg("held", t.held),
      fmt::arg("chunks", t.chunks), fmt::arg("unroll", t.unroll), fmt::arg("split", t.split),
      fmt::arg("passes", form.passes()), fmt::arg("shared", t.split > 1 || shared.bytes > 0 ? shared.bytes : 0),
      fmt::arg("staged_offset", shared.staged_offset), fmt::arg("body", body), fmt::arg("entry", entry));
  return printed;
}

std::optional<std::string> illegal_tiles(const RowForm& form, const std::string& family,
                                         const TileProgram& program, const Hardware& hardware) {
  if (row_family(form) != family)
    return "the operator belongs to the " + row_family(form) + " family";
  const CudaRowTiles tiles = CudaRowTiles::from(program);
  if (tiles.to_program(family) != program) return "not a canonical cuda/simt tile program";
  if (auto why = bad_row_tiles(form, tiles)) return why;
  return bad_row_hardware(form, tiles, hardware);
}

}  // namespace

Emitter::Reading SimtRowEmitter::read(const Operator& op) const {
  const auto canonical = std::make_shared<const RowCanonicalised>(canonicalise_rows(op));
  return {[this, canonical](const TileProgram& program, const Hardware& hardware) {
            return canonical->form ? illegal_tiles(*canonical->form, family_, program, hardware)
                                   : std::optional(canonical->why_not);
          },
          [canonical](const TileProgram& program, const Hardware&) {
            const CudaRowTiles t = CudaRowTiles::from(program);
            Resources resources;
            resources.shared_bytes = cuda_row_shared(canonical->form.value(), t).bytes;
            resources.registers = row_registers(*canonical->form, t);
            return resources;
          }};
}

Kernel SimtRowEmitter::emit(const Operator& op, const TileProgram& program,
                            const Hardware& hardware) const {
  const RowForm form = require(op);
  Kernel kernel;
  kernel.program = program;
  kernel.entry = family_ + "_simt";
  Printed printed = print(form, program, hardware, kernel.entry);
  kernel.source = std::move(printed.source);
  kernel.arguments = printed.arguments.arguments();
  kernel.threads_per_block = static_cast<int>(CudaRowTiles::from(program).threads());
  return kernel;
}

Launch SimtRowEmitter::bind(const Operator& op, const TileProgram& program,
                            const Hardware& hardware) const {
  const RowForm form = require(op);
  const CudaRowTiles t = CudaRowTiles::from(program);
  Launch launch;
  launch.grid = {row_tiles(form, t), t.split, 1};
  launch.block = {static_cast<int>(t.threads()), 1, 1};
  launch.dynamic_shared_bytes = cuda_row_shared(form, t).bytes;
  if (t.split > 1) {
    launch.workspace_zeroed_bytes = row_tiles(form, t) * 4;
    launch.workspace_bytes = partials_offset(form, t) +
                             row_tiles(form, t) * t.split * t.rows_per_block() *
                                 static_cast<std::int64_t>(form.reductions.size() * size_bytes(form.value));
  }
  launch.scalars = print(form, program, hardware, "entry").arguments.values();
  return launch;
}

Operator SimtRowEmitter::shrink(const Operator& op, const TileProgram& program) const {
  return shrink_rows(op, CudaRowTiles::from(program));
}

}  // namespace perftune
