#include "codegen/cuda/contraction_arguments.hpp"

#include <algorithm>
#include <string>

#include "codegen/cuda/contraction_legality.hpp"
#include "codegen/cuda/divisor.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

// One operand after the other, each with what its struct of functions names.
class Operands {
 public:
  Operands(const Contraction& form, ArgumentList& list) : form_(form), list_(list) {}

  void factor(const std::string& member, const Access& access, Group rows) {
    pointer(member, access, false);
    list_.scalar(group_letter(rows), form_.extent(rows));
    for (const Group group : {Group::batch, rows, Group::k}) offset(member, access, group);
    windows(member, access, rows);
  }

  void tensor_factor(const std::string& member, const Access& access) {
    list_.tensor_map(member, access.tensor);
    if (indexes(access.forms(Group::batch))) decode(Group::batch);
  }

  void output(const Access& access, bool tensor_store) {
    pointer("c", access, true);
    for (const Group group : {Group::batch, Group::m, Group::n}) offset("c", access, group);
    if (tensor_store) tensor_factor("c_map", access);
  }

  void extra(std::size_t i, const Access& access) {
    const std::string member = words("e{}", i);
    pointer(member, access, false);
    for (const Group group : {Group::batch, Group::m, Group::n}) offset(member, access, group);
  }

 private:
  void pointer(const std::string& member, const Access& access, bool writes) {
    list_.tensor(member, access.type, writes, access.tensor);
    if (access.base != 0 || !access.bounds.empty()) list_.scalar(member + "_base", access.base);
  }

  // How a linear index is taken apart into merged axes.
  void decode(Group group) {
    const auto& merged = form_.group(group);
    for (std::size_t i = merged.size() - 1; i > 0; --i) {
      const std::string axis = words("{}{}", group_letter(group), i);
      list_.scalar(axis + "_divisor", pack_divisor(merged[i].extent));
      list_.scalar(axis + "_extent", merged[i].extent);
    }
  }

  void offset(const std::string& member, const Access& access, Group group) {
    const auto& forms = access.forms(group);
    if (!indexes(forms)) return;
    decode(group);
    for (std::size_t i = 0; i < forms.size(); ++i)
      if (forms[i] == StrideForm::run_time)
        list_.scalar(words("{}_{}{}", member, group_letter(group), i), access.strides(group)[i]);
  }

  static const std::vector<std::int64_t>& coefficients(const Access::Bound& bound, Group group) {
    return bound.coefficient[static_cast<std::size_t>(group)];
  }

  void window_terms(const std::string& bound, const Access::Bound& of, Group group) {
    for (std::size_t i = 0; i < coefficients(of, group).size(); ++i)
      if (coefficients(of, group)[i] != 0)
        list_.scalar(words("{}_{}{}", bound, group_letter(group), i), coefficients(of, group)[i]);
  }

  void windows(const std::string& member, const Access& access, Group rows) {
    for (const Group group : {Group::batch, rows, Group::k})
      if (std::any_of(access.bounds.begin(), access.bounds.end(),
                      [&](const Access::Bound& bound) { return indexes(coefficients(bound, group)); }))
        decode(group);
    for (std::size_t i = 0; i < access.bounds.size(); ++i) {
      const std::string bound = words("{}_bound{}", member, i);
      list_.scalar(bound + "_offset", access.bounds[i].offset);
      list_.scalar(bound + "_extent", access.bounds[i].extent);
      for (const Group group : {rows, Group::batch, Group::k}) window_terms(bound, access.bounds[i], group);
    }
  }

  const Contraction& form_;
  ArgumentList& list_;
};

// Extents and tile counts that every contraction kernel takes; `persistent`: the units of its
// schedule too.
void add_grid(const Contraction& form, const ContractionTiles& tiles, bool persistent, ArgumentList& list) {
  const TileGrid grid = tile_grid(form, tiles);
  for (const Group group : {Group::m, Group::n, Group::k}) list.scalar(group_letter(group), form.extent(group));
  list.scalar("tiles_m", grid.m);
  list.scalar("tiles_n", grid.n);
  list.scalar("tiles", grid.m * grid.n);
  list.scalar("tiles_divisor", pack_divisor(grid.m * grid.n));
  if (persistent) list.scalar("units", grid.m * grid.n * grid.batch * tiles.split_k);
  if (tiles.split_k > 1) list.scalar("split_depth", grid.split_depth);
  if (tiles.stream_k != 0) {
    list.scalar("steps", grid.steps);
    list.scalar("steps_divisor", pack_divisor(grid.steps));
  }
  if (tiles.split_k > 1 || tiles.stream_k != 0) {
    list.workspace();
    list.scalar("partials", grid.partials);
  }
}

}  // namespace

const char* group_letter(Group group) {
  constexpr const char* letters[] = {"b", "m", "n", "k"};
  return letters[static_cast<std::size_t>(group)];
}

bool indexes(const std::vector<StrideForm>& forms) {
  return std::any_of(forms.begin(), forms.end(), [](StrideForm form) { return form != StrideForm::absent; });
}

bool indexes(const std::vector<std::int64_t>& coefficients) {
  return std::any_of(coefficients.begin(), coefficients.end(), [](std::int64_t value) { return value != 0; });
}

ArgumentList cuda_contraction_arguments(const Contraction& form, const ContractionTiles& tiles, bool tensor_copies,
                                        bool persistent) {
  ArgumentList list;
  Operands operands(form, list);
  if (tensor_copies) {
    operands.tensor_factor("a_map", form.a);
    operands.tensor_factor("b_map", form.b);
  } else {
    operands.factor("a", form.a, Group::m);
    operands.factor("b", form.b, Group::n);
  }
  for (std::size_t i = 0; i < form.extra.size(); ++i) operands.extra(i, form.extra[i]);
  operands.output(form.c, tiles.tensor_store != 0);
  add_grid(form, tiles, persistent, list);
  return list;
}

}  // namespace perftune
