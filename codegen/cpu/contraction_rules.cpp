#include "codegen/cpu/contraction_rules.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "codegen/cpu/contraction_scalars.hpp"
#include "codegen/scalar_printer.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

std::int64_t lanes_of(const Contraction& form, const Hardware& hardware) {
  return hardware.cpu.simd_bits / 8 / static_cast<std::int64_t>(size_bytes(form.accumulate));
}

std::optional<std::string> bad_turn(const Contraction& form, const CpuTiles& t) {
  if (t.turned == 0) return std::nullopt;
  if (t.turned != 1 || t.form != CpuTiles::tile) return "only tiles are turned";
  if (form.c.forms(Group::m).back() != StrideForm::unit) return "turned tiles need a result that is contiguous along rows";
  if (form.c.type != form.accumulate || scalar_type(form) != form.accumulate)
    return "turned tiles are stored in the accumulator's type";
  if (t.split_k > 1 || t.stream_c != 0) return "turned tiles are stored once, through the caches";
  return std::nullopt;
}

std::optional<std::string> bad_edges(const Access& access, std::int64_t edges, const char* name) {
  if (edges < CpuTiles::asked || edges > CpuTiles::none) return "edges are 0, 1 or 2";
  if (edges != CpuTiles::none) return std::nullopt;
  if (access.bounds.empty()) return words("{} has no edges to leave out", name);
  if (!access.wide.inside()) return words("reads of {} leave it", name);
  return std::nullopt;
}

std::optional<std::string> unsupported_types(const Contraction& form) {
  if (form.accumulate != DType::f32 && form.accumulate != DType::f64 &&
      form.accumulate != DType::i32)
    return words("cpu/simd accumulates in f32, f64 or i32, not {}", name(form.accumulate));
  for (const Access& extra : form.extra)
    if (!extra.bounds.empty()) return "an epilogue operand is read outside its tensor";
  return std::nullopt;
}

std::optional<std::string> bad_knob(const CpuTiles& t) {
  if (t.form < CpuTiles::tile || t.form > CpuTiles::axpy) return "form is 0, 1 or 2";
  for (const std::int64_t extent : {t.register_m, t.register_n, t.block_m, t.block_n, t.block_k,
                                    t.threads_b, t.threads_m, t.threads_n, t.split_k, t.unroll})
    if (extent < 1) return "every extent is at least 1";
  if (t.unroll > 16 || t.prefetch < 0 || t.prefetch > 4096) return "unroll or prefetch out of range";
  if (t.tasks() > 1024) return "more than 1024 tasks";
  return std::nullopt;
}

std::optional<std::string> bad_registers(const CpuTiles& t, const Hardware& hardware) {
  // Sums, one step of B, and one broadcast (tile); A and B vectors (dot); broadcasts (axpy).
  std::int64_t needed = t.register_m * t.register_n + t.register_n + 1;
  if (t.form == CpuTiles::dot) needed = t.register_m * t.register_n + t.register_m + 1;
  if (t.form == CpuTiles::axpy) needed = t.register_m * (t.unroll + 1) + 1;
  if (needed > hardware.cpu.vector_registers)
    return words("needs {} vector registers of {}", needed, hardware.cpu.vector_registers);
  return std::nullopt;
}

std::optional<std::string> bad_layout(const Contraction& form, const CpuTiles& t,
                                      std::int64_t lanes) {
  const bool left_in_place = readable_in_place(form.a, t.edges_a, form.accumulate);
  const bool right_in_place = readable_in_place(form.b, t.edges_b, form.accumulate);
  const char right = contiguous_group(form.b, {Group::n, Group::k});
  if (t.form == CpuTiles::tile) {
    if (t.pack_a == 0 && !left_in_place) return "A must be packed: converted or padded";
    if (t.pack_a != 0 && t.register_m > lanes && contiguous_group(form.a, {Group::k, Group::m}) == '0')
      return "packed rows exceed a vector";
    if (t.pack_b == 0 && (!right_in_place || !right_in_rows(form, t.edges_b)))
      return "B must be packed: converted, padded, or not contiguous along n";
    return std::nullopt;
  }
  if (!left_in_place || !right_in_place) return "thin forms read operands as they are stored";
  if (t.form == CpuTiles::dot) {
    if (contiguous_group(form.a, {Group::k}) != 'k' || right != 'k')
      return "the dot form needs both operands contiguous along k";
    if (t.register_n > lanes) return "a row of sums exceeds a vector";
  } else if (right != 'n') {
    return "the axpy form needs B contiguous along n";
  }
  return std::nullopt;
}

std::optional<std::string> bad_k(const Contraction& form, const CpuTiles& t) {
  const std::int64_t depth = form.extent(Group::k);
  if (t.split_k > 1 && t.split_k * kCpuStepsPerSlice > depth) return "k is too short to split";
  const bool in_one_pass = t.form != CpuTiles::tile || t.block_k >= depth;
  if (t.stream_c != 0 && (!in_one_pass || t.split_k > 1))
    return "stream_c needs k in one pass: unfinished sums are read again";
  if (!in_one_pass && t.split_k == 1 && !sums_fit_output(form))
    return "block_k must hold all of k: unfinished sums do not fit the output";
  if (t.split_k > 1 && size_bytes(scalar_type(form)) != size_bytes(form.accumulate))
    return "split k with an epilogue wider than the sums";
  return std::nullopt;
}

std::optional<std::string> illegal_tiles(const Canonicalised& canonical, const TileProgram& program,
                                         const Hardware& hardware) {
  if (hardware.kind != Hardware::Kind::cpu || hardware.cpu.simd_bits < 256)
    return "needs a CPU with 256-bit vectors";
  if (!canonical.form) return canonical.why_not;
  const CpuTiles tiles = CpuTiles::from(program);
  if (tiles.to_program() != program) return "not a canonical cpu/simd tile program";
  const Contraction form = tiled_form(*canonical.form, tiles);
  if (auto why = unsupported_types(form)) return why;
  if (auto why = bad_knob(tiles)) return why;
  if (auto why = bad_registers(tiles, hardware)) return why;
  if (auto why = bad_turn(form, tiles)) return why;
  if (auto why = bad_edges(form.a, tiles.edges_a, "A")) return why;
  if (auto why = bad_edges(form.b, tiles.edges_b, "B")) return why;
  if (auto why = bad_layout(form, tiles, lanes_of(form, hardware))) return why;
  return bad_k(form, tiles);
}

}  // namespace

LaunchRules::Reading CpuContractionRules::read(const Operator& op) const {
  const auto canonical = std::make_shared<const Canonicalised>(canonicalise_contraction(op));
  return {[canonical](const TileProgram& program, const Hardware& hardware) {
            return illegal_tiles(*canonical, program, hardware);
          },
          [](const TileProgram& program, const Hardware&) {
            const CpuTiles t = CpuTiles::from(program);
            Resources resources;
            resources.registers = static_cast<int>(t.register_m * t.register_n + t.register_n + 1);
            return resources;
          }};
}

Contraction cpu_contraction(const Operator& op, const CpuTiles& tiles) {
  const Canonicalised canonical = canonicalise_contraction(op);
  if (!canonical.form) std::abort();  // callers ask illegal() first
  return tiled_form(*canonical.form, tiles);
}

Launch CpuContractionRules::bind(const Operator& op, const TileProgram& program,
                                 const Hardware& hardware) const {
  const CpuTiles tiles = CpuTiles::from(program);
  const Contraction form = cpu_contraction(op, tiles);
  const std::int64_t lanes = lanes_of(form, hardware);
  const CpuScratch scratch = cpu_scratch(form, tiles, lanes);
  Launch launch;
  launch.grid = {tiles.tasks(), 1, 1};
  launch.workspace_bytes = (scratch.shared + tiles.tasks() * scratch.task) *
                           static_cast<std::int64_t>(size_bytes(form.accumulate));
  put_arguments(contraction_arguments(form, tiles, lanes), launch);
  return launch;
}

}  // namespace perftune
