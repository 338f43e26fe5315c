// The text of one operand's addresses (contraction_operand.hpp).
#include <fmt/format.h>

#include "codegen/cpu/contraction_operand.hpp"

namespace perftune {
namespace {

std::size_t at(Group g) { return static_cast<std::size_t>(g); }

// The coordinate along one merged axis, of the group's flat index (a variable of that letter).
std::string coordinate(const Contraction& form, Group g, std::size_t axis) {
  const std::size_t axes = form.group(g).size();
  std::string text(1, letter(g));
  if (axis + 1 < axes) {
    std::string divisor;
    for (std::size_t i = axis + 1; i < axes; ++i)
      divisor += (divisor.empty() ? "p." : " * p.") + extent_name(g, i);
    text += " / (" + divisor + ")";
  }
  if (axis > 0) text += " % p." + extent_name(g, axis);
  return text;
}

}  // namespace

std::string CpuOperand::base() const {
  return staged() ? fmt::format("staged_{0}() + p.{0}_base", prefix_) : fmt::format("p.{0} + p.{0}_base", prefix_);
}

std::string CpuOperand::offset(Group g) const {
  if (access_.nests[at(g)]) {
    const StrideForm last = access_.forms(g).back();
    if (last == StrideForm::absent) return "0";
    const std::string flat(1, letter(g));
    return last == StrideForm::unit ? flat : flat + " * " + last_stride(g);
  }
  std::string sum;
  for (std::size_t i = 0; i < form_.group(g).size(); ++i) {
    if (access_.forms(g)[i] == StrideForm::absent) continue;
    if (!sum.empty()) sum += " + ";
    sum += coordinate(form_, g, i);
    if (access_.forms(g)[i] == StrideForm::run_time) sum += " * p." + stride_name(g, i);
  }
  return sum.empty() ? "0" : sum;
}

std::string CpuOperand::walk(Group g) const {
  const std::size_t axes = access_.nests[at(g)] ? 1 : form_.group(g).size();
  if (axes == 1) return fmt::format("pt::Walk<1>{{{{0}}, {{{}}}}}", last_stride(g));
  std::string extents, strides;
  for (std::size_t i = 0; i < axes; ++i) {
    extents += fmt::format("{}p.{}", i == 0 ? "" : ", ", extent_name(g, i));
    strides += (i == 0 ? "" : ", ") + stride_text(g, i);
  }
  return fmt::format("pt::Walk<{}>{{{{{}}}, {{{}}}}}", axes, extents, strides);
}

std::string CpuOperand::inside() const {
  std::string all;
  for (std::size_t j = 0; j < access_.bounds.size(); ++j) {
    std::string index = fmt::format("p.{}_bound{}_offset", prefix_, j);
    for (const Group g : all_groups)
      for (std::size_t i = 0; i < form_.group(g).size(); ++i)
        if (access_.bounds[j].coefficient[at(g)][i] != 0)
          index += fmt::format(" + {} * p.{}", coordinate(form_, g, i), bound_name(j, g, i));
    if (!all.empty()) all += " && ";
    all += fmt::format("pt::within({}, p.{}_bound{}_extent)", index, prefix_, j);
  }
  return all.empty() ? "true" : all;
}

std::string CpuOperand::last_stride(Group g) const { return stride_text(g, form_.group(g).size() - 1); }

std::string CpuOperand::stage_call() const {
  std::string lists[3];
  const char* const names[] = {"extent", "low", "wide"};
  for (std::size_t l = 0; l < access_.wide.levels.size(); ++l)
    for (int i = 0; i < 3; ++i) lists[i] += fmt::format("{}p.{}_{}{}", l == 0 ? "" : ", ", prefix_, names[i], l);
  return fmt::format("pt::stage_tensor(staged_{0}(), p.{0}, pt::Levels<{1}>{{{{{2}}}, {{{3}}}, {{{4}}}}}, {0}_pad, task, tasks);",
                     prefix_, access_.wide.levels.size(), lists[0], lists[1], lists[2]);
}

std::string CpuOperand::stride_text(Group g, std::size_t i) const {
  switch (access_.forms(g)[i]) {
    case StrideForm::absent: return "0";
    case StrideForm::unit: return "1";
    case StrideForm::run_time: break;
  }
  return "p." + stride_name(g, i);
}

}  // namespace perftune
