#include "codegen/cpu/contraction_scalars.hpp"

#include <algorithm>

#include "codegen/scalar_printer.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

std::int64_t round_up(std::int64_t x, std::int64_t to) { return (x + to - 1) / to * to; }

}  // namespace

bool output_in_runs(const Contraction& form) { return form.c.forms(Group::n).back() == StrideForm::unit; }

std::string extra_operand_name(std::size_t i) { return words("extra{}", i); }

bool sums_fit_output(const Contraction& form) {
  return form.c.type == form.accumulate && scalar_type(form) == form.accumulate && output_in_runs(form);
}

CpuScratch cpu_scratch(const Contraction& form, const CpuTiles& tiles, std::int64_t lanes) {
  const std::int64_t rows = std::min(tiles.block_m, form.extent(Group::m));
  const std::int64_t columns = std::min(tiles.block_n, form.extent(Group::n));
  const std::int64_t depth = std::min(tiles.block_k, form.extent(Group::k));
  CpuScratch scratch;
  const auto part = [&](std::int64_t elements) {
    const std::int64_t begin = scratch.shared;
    scratch.shared += round_up(elements, lanes);
    return begin;
  };
  if (tiles.split_k > 1)
    scratch.partials = part(tiles.split_k * form.extent(Group::batch) * form.extent(Group::m) * form.extent(Group::n));
  const CpuOperands operands(form, tiles);
  const auto words = static_cast<std::int64_t>(sizeof(std::int64_t) / size_bytes(form.accumulate));
  if (operands.a.tabled(Group::k)) scratch.left_table = part(form.extent(Group::k) * words);
  if (operands.b.tabled(Group::k)) scratch.right_table = part(form.extent(Group::k) * words);
  if (operands.a.staged()) scratch.left_copy = part(form.a.wide.elements());
  if (operands.b.staged()) scratch.right_copy = part(form.b.wide.elements());

  if (tiles.form == CpuTiles::axpy) scratch.right = tiles.register_m * round_up(columns, lanes);
  if (tiles.form == CpuTiles::tile && tiles.pack_b != 0)
    scratch.right = round_up(columns, lanes) * depth;
  const bool packs_left = tiles.form == CpuTiles::tile && tiles.pack_a != 0;
  const std::int64_t left = packs_left ? round_up(rows, tiles.register_m) * depth : 0;
  // A vector of slack after each: packing stores whole vectors.
  scratch.right = round_up(scratch.right, lanes) + lanes;
  scratch.task = scratch.right + round_up(left, lanes) + lanes;
  return scratch;
}

ArgumentList contraction_arguments(const Contraction& form, const CpuTiles& tiles, std::int64_t lanes) {
  ArgumentList list;
  list.tensor("left", form.a.type, false, form.a.tensor);
  list.tensor("right", form.b.type, false, form.b.tensor);
  list.tensor("out", form.c.type, true, form.c.tensor);
  for (std::size_t i = 0; i < form.extra.size(); ++i)
    list.tensor(extra_operand_name(i), form.extra[i].type, false, form.extra[i].tensor);
  list.workspace();
  for (const Group g : all_groups)
    for (std::size_t i = 0; i < form.group(g).size(); ++i) list.scalar(extent_name(g, i), form.group(g)[i].extent);
  const CpuOperands operands(form, tiles);
  operands.a.collect(list);
  operands.b.collect(list);
  operands.c.collect(list);
  for (std::size_t i = 0; i < form.extra.size(); ++i)
    CpuOperand(form, form.extra[i], extra_operand_name(i)).collect(list);
  const CpuScratch scratch = cpu_scratch(form, tiles, lanes);
  list.scalar("left_run", operands.a.run(Group::k));
  list.scalar("right_run", operands.b.run(Group::n));
  list.scalar("right_linear", operands.b.linear_stride(Group::k).value_or(0));
  list.scalar("out_run", operands.c.run(tiles.turned != 0 ? Group::m : Group::n));
  list.scalar("left_table", scratch.left_table);
  list.scalar("right_table", scratch.right_table);
  list.scalar("left_copy", scratch.left_copy);
  list.scalar("right_copy", scratch.right_copy);
  list.scalar("scratch_offset", scratch.shared);
  list.scalar("scratch_stride", scratch.task);
  list.scalar("scratch_right", scratch.right);
  return list;
}

}  // namespace perftune
