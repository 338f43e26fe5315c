#include "codegen/cpu/row_arguments.hpp"

#include <bit>
#include <string>

#include "codegen/cpu/row_addresses.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

using Addresses = CpuRowAddresses;

void add_access(const Access& access, const std::string& name, ArgumentList& list) {
  list.scalar(name + "_base", access.base);
  for (const Group g : {Group::m, Group::k})
    for (std::size_t i = 0; i < access.forms(g).size(); ++i)
      if (access.forms(g)[i] == StrideForm::run_time)
        list.scalar(words("{}_{}{}", name, Addresses::letter(g), i), access.strides(g)[i]);
  for (std::size_t b = 0; b < access.bounds.size(); ++b) {
    const std::string bound = words("{}_b{}", name, b);
    list.scalar(bound + "_offset", access.bounds[b].offset);
    list.scalar(bound + "_extent", access.bounds[b].extent);
    for (const Group g : {Group::m, Group::k})
      for (std::size_t i = 0; i < Addresses::coefficients(access, b, g).size(); ++i)
        if (Addresses::coefficients(access, b, g)[i] != 0)
          list.scalar(words("{}_{}{}", bound, Addresses::letter(g), i), Addresses::coefficients(access, b, g)[i]);
  }
}

void add_stage(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes, std::int64_t begin, ArgumentList& list) {
  std::string why_not;
  const CpuRowStage stage = cpu_row_stage(form, tiles, lanes, why_not).value_or(CpuRowStage{});
  list.scalar("scratch_stage", begin);
  list.scalar("stage_rows", stage.rows);
  list.scalar("stage_columns", stage.columns);
  list.scalar("stage_stride", stage.stride);
  list.scalar("stage_pitch", stage.pitch);
  list.scalar("stage_step", stage.row_step);
}

}  // namespace

ArgumentList cpu_row_arguments(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes) {
  ArgumentList list;
  const auto read_name = [](std::size_t i) { return words("x{}", i); };
  const auto load_name = [](std::size_t i, std::size_t l) { return words("x{}_i{}", i, l); };
  const auto output_name = [](std::size_t i) { return words("y{}", i); };
  for (std::size_t i = 0; i < form.reads.size(); ++i) {
    const RowAccess& read = form.reads[i];
    list.tensor(read_name(i), read.at.type, false, read.at.tensor);
    for (std::size_t l = 0; l < read.loads.size(); ++l)
      list.tensor(load_name(i, l), read.loads[l].at.type, false, read.loads[l].at.tensor);
  }
  for (std::size_t i = 0; i < form.outputs.size(); ++i)
    list.tensor(output_name(i), form.outputs[i].at.type, true, form.outputs[i].at.tensor);
  list.workspace();
  for (const Group g : {Group::m, Group::k}) {
    const auto& axes = g == Group::m ? form.rows() : form.columns();
    for (std::size_t i = 0; i < axes.size(); ++i) list.scalar(words("{}{}", Addresses::letter(g), i), axes[i].extent);
  }
  for (std::size_t i = 0; i < form.reads.size(); ++i) {
    const RowAccess& read = form.reads[i];
    add_access(read.at, read_name(i), list);
    for (std::size_t l = 0; l < read.loads.size(); ++l) {
      add_access(read.loads[l].at, load_name(i, l), list);
      list.scalar(load_name(i, l) + "_times", read.loads[l].stride);
    }
  }
  for (std::size_t i = 0; i < form.outputs.size(); ++i) add_access(form.outputs[i].at, output_name(i), list);
  for (std::size_t i = 0; i < form.constants.size(); ++i)
    list.scalar(words("constant{}", i), std::bit_cast<std::int64_t>(form.constants[i]));
  const CpuRowScratch scratch = cpu_row_scratch(form, tiles, lanes);
  list.scalar("scratch_offset", scratch.partials);
  list.scalar("scratch_task", scratch.task);
  list.scalar("kept_stride", scratch.kept_stride);
  if (tiles.stage != 0) add_stage(form, tiles, lanes, scratch.stage, list);
  return list;
}

}  // namespace perftune
