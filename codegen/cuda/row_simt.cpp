#include "codegen/cuda/row_simt.hpp"

#include <fmt/format.h>

#include "codegen/argument_text.hpp"
#include "codegen/cuda/row_arguments.hpp"
#include "codegen/cuda/row_legality.hpp"
#include "codegen/cuda/row_printer.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

std::string source(const RowForm& form, const TileProgram& program, const ArgumentList& arguments, const Hardware& hardware,
                   const std::string& entry) {
  const CudaRowTiles t = CudaRowTiles::from(program);
  const CudaRowShared shared = cuda_row_shared(form, t);
  const std::string body = RowPrinter(form, t, arguments).problem();
  return fmt::format(
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
      fmt::arg("members", member_text(arguments)), fmt::arg("value", device_type(form.value)),
      fmt::arg("bits", t.index_bits), fmt::arg("along_rows", t.lanes != 0), fmt::arg("staged", t.staged != 0),
      fmt::arg("vector", t.vector), fmt::arg("row_threads", t.row_threads),
      fmt::arg("column_threads", t.column_threads), fmt::arg("threads", t.threads()), fmt::arg("held", t.held),
      fmt::arg("chunks", t.chunks), fmt::arg("unroll", t.unroll), fmt::arg("split", t.split),
      fmt::arg("passes", form.passes()), fmt::arg("shared", t.split > 1 || shared.bytes > 0 ? shared.bytes : 0),
      fmt::arg("staged_offset", shared.staged_offset), fmt::arg("body", body), fmt::arg("entry", entry));
}

}  // namespace

Kernel SimtRowEmitter::emit(const Operator& op, const TileProgram& program,
                            const Hardware& hardware) const {
  const RowForm form = require_rows(op);
  const CudaRowTiles tiles = CudaRowTiles::from(program);
  const ArgumentList arguments = cuda_row_arguments(form, tiles);
  Kernel kernel;
  kernel.program = program;
  kernel.entry = std::string(family()) + "_simt";
  kernel.source = source(form, program, arguments, hardware, kernel.entry);
  kernel.arguments = arguments.arguments();
  kernel.threads_per_block = static_cast<int>(tiles.threads());
  return kernel;
}

Operator SimtRowEmitter::shrink(const Operator& op, const TileProgram& program) const {
  return shrink_rows(op, CudaRowTiles::from(program));
}

}  // namespace perftune
