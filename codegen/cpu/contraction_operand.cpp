#include "codegen/cpu/contraction_operand.hpp"

#include <utility>

#include "recipes/words.hpp"

namespace perftune {
namespace {

std::size_t at(Group g) { return static_cast<std::size_t>(g); }

void turn(Access& access) {
  std::swap(access.stride[at(Group::m)], access.stride[at(Group::n)]);
  std::swap(access.form[at(Group::m)], access.form[at(Group::n)]);
  std::swap(access.nests[at(Group::m)], access.nests[at(Group::n)]);
  std::swap(access.wide.stride[at(Group::m)], access.wide.stride[at(Group::n)]);
  for (Access::Bound& bound : access.bounds)
    std::swap(bound.coefficient[at(Group::m)], bound.coefficient[at(Group::n)]);
}

}  // namespace

Contraction tiled_form(const Contraction& form, const CpuTiles& tiles) {
  Contraction other = form;
  if (tiles.turned == 0) return other;
  std::swap(other.groups[at(Group::m)], other.groups[at(Group::n)]);
  std::swap(other.a, other.b);
  for (Access* access : {&other.a, &other.b, &other.c}) turn(*access);
  for (Access& extra : other.extra) turn(extra);
  return other;
}

char letter(Group g) { return "bmnk"[at(g)]; }

std::string extent_name(Group g, std::size_t axis) { return words("{}{}", letter(g), axis); }

char contiguous_group(const Access& access, std::initializer_list<Group> groups) {
  for (const Group g : groups)
    if (access.nests[at(g)] && access.forms(g).back() == StrideForm::unit) return letter(g);
  return '0';
}

bool readable_in_place(const Access& access, std::int64_t edges, DType accumulate) {
  if (edges == CpuTiles::staged) return true;
  return access.type == accumulate && (access.bounds.empty() || edges == CpuTiles::none);
}

bool right_in_rows(const Contraction& form, std::int64_t edges) {
  const CpuOperand right(form, form.b, "right", edges);
  if (contiguous_group(form.b, {Group::n}) == 'n' && form.b.nests[at(Group::k)]) return true;
  return !right.tested() && form.b.forms(Group::n).back() == StrideForm::unit &&
         right.run(Group::n) == form.extent(Group::n) && right.linear_stride(Group::k).has_value();
}

CpuOperand::CpuOperand(const Contraction& form, const Access& access, std::string prefix, std::int64_t edges)
    : form_(form), access_(access), prefix_(std::move(prefix)), edges_(edges) {}

std::int64_t CpuOperand::stride(Group g, std::size_t axis) const {
  return staged() ? access_.wide.stride[at(g)][axis] : access_.strides(g)[axis];
}

std::int64_t CpuOperand::run(Group g) const {
  const std::vector<GroupAxis>& axes = form_.group(g);
  std::int64_t run = axes.back().extent;
  for (std::size_t i = axes.size() - 1; i-- > 0;) {
    if (axes[i].extent > 1 && (tested() || stride(g, i) != run * stride(g, axes.size() - 1))) break;
    run *= axes[i].extent;
  }
  return run;
}

std::optional<std::int64_t> CpuOperand::linear_stride(Group g) const {
  std::int64_t points = 1, step = 0;
  for (std::size_t i = form_.group(g).size(); i-- > 0;) {
    const std::int64_t extent = form_.group(g)[i].extent;
    if (extent == 1) continue;
    if (points == 1) step = stride(g, i);
    if (stride(g, i) != points * step) return std::nullopt;
    points *= extent;
  }
  return step;
}

void CpuOperand::collect(ArgumentList& arguments) const {
  arguments.scalar(prefix_ + "_base", staged() ? access_.wide.base : access_.base);
  for (const Group g : all_groups)
    for (std::size_t i = 0; i < form_.group(g).size(); ++i)
      if (access_.forms(g)[i] == StrideForm::run_time) arguments.scalar(stride_name(g, i), stride(g, i));
  if (staged())
    for (std::size_t l = 0; l < access_.wide.levels.size(); ++l) {
      const Access::Wide::Level& level = access_.wide.levels[l];
      for (const auto& [name, value] :
           {std::pair{"extent", level.extent}, {"low", level.low}, {"wide", level.wide}})
        arguments.scalar(words("{}_{}{}", prefix_, name, l), value);
    }
  if (!tested()) return;
  for (std::size_t j = 0; j < access_.bounds.size(); ++j) {
    arguments.scalar(words("{}_bound{}_offset", prefix_, j), access_.bounds[j].offset);
    arguments.scalar(words("{}_bound{}_extent", prefix_, j), access_.bounds[j].extent);
    for (const Group g : all_groups)
      for (std::size_t i = 0; i < form_.group(g).size(); ++i)
        if (access_.bounds[j].coefficient[at(g)][i] != 0)
          arguments.scalar(bound_name(j, g, i), access_.bounds[j].coefficient[at(g)][i]);
  }
}

std::string CpuOperand::stride_name(Group g, std::size_t i) const {
  return words("{}_{}{}", prefix_, letter(g), i);
}

std::string CpuOperand::bound_name(std::size_t j, Group g, std::size_t i) const {
  return words("{}_bound{}_{}{}", prefix_, j, letter(g), i);
}

}  // namespace perftune
