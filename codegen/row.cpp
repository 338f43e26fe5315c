#include "codegen/row.hpp"

#include <algorithm>
#include <cstdlib>

#include "codegen/affine_access.hpp"
#include "codegen/integer_values.hpp"
#include "codegen/row_expand.hpp"
#include "recipes/stable_order.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

using Kind = RowLeaf::Kind;
constexpr int leaves_per_kind = 1 << 16;

// An access taken apart; `loads` are its index tensors.
struct Parts {
  AffineAccess affine;
  DType type = DType::f32;
  struct Load {
    std::int64_t stride;
    AffineAccess at;
    DType type;
  };
  std::vector<Load> loads;
};

std::optional<Parts> take_apart(const Operator& op, const Statement& domain, int tensor,
                                const std::vector<Index>& indices, std::string& why_not) {
  const Tensor& t = op.tensors[static_cast<std::size_t>(tensor)];
  const std::vector<std::int64_t> strides = t.strides();
  std::vector<Index> affine = indices;
  std::vector<Parts::Load> loads;
  for (std::size_t d = 0; d < affine.size(); ++d) {
    auto& terms = affine[d].terms;
    for (auto it = terms.begin(); it != terms.end();) {
      if (it->atom != Index::Atom::load) {
        ++it;
        continue;
      }
      if (t.pad) {
        why_not = t.name + " is read through an index tensor and has a pad";
        return std::nullopt;
      }
      auto at = AffineAccess::make(op, domain, it->tensor, it->operands, why_not);
      if (!at) return std::nullopt;
      loads.push_back({it->coefficient * strides[d], std::move(*at),
                       op.tensors[static_cast<std::size_t>(it->tensor)].type});
      it = terms.erase(it);
    }
  }
  auto access = AffineAccess::make(op, domain, tensor, affine, why_not);
  if (!access) return std::nullopt;
  return Parts{std::move(*access), t.type, std::move(loads)};
}

bool merges(const Parts& parts, int outer, int inner) {
  if (!parts.affine.merges(outer, inner)) return false;
  return std::all_of(parts.loads.begin(), parts.loads.end(),
                     [&](const Parts::Load& load) { return load.at.merges(outer, inner); });
}

std::vector<GroupAxis> merge(const std::vector<int>& axes, const ExpandedRows& expanded,
                             const std::vector<const Parts*>& all) {
  const auto valued = [&](int axis) {
    const auto& v = expanded.valued_axes;
    return std::find(v.begin(), v.end(), axis) != v.end();
  };
  std::vector<GroupAxis> merged;
  for (const int axis : axes) {
    const std::int64_t extent = expanded.domain.axes[static_cast<std::size_t>(axis)].extent;
    const bool joins = !merged.empty() && !valued(axis) && !valued(merged.back().axes.back()) &&
                       std::all_of(all.begin(), all.end(), [&](const Parts* parts) {
                         return merges(*parts, merged.back().axes.back(), axis);
                       });
    if (joins) {
      merged.back().extent *= extent;
      merged.back().axes.push_back(axis);
    } else {
      merged.push_back({extent, {axis}});
    }
  }
  if (merged.empty()) merged.push_back({});
  return merged;
}

bool stays_integer(const ExprPtr& e, const RowForm& form) {
  if (const auto leaf = leaf_of(e)) {
    if (leaf->kind == Kind::constant) return is_whole(form.constants[static_cast<std::size_t>(leaf->index)]);
    return leaf->kind != Kind::read ||
           !is_floating(form.reads[static_cast<std::size_t>(leaf->index)].at.type);
  }
  if (e->kind == Expr::Kind::constant) return is_whole(e->value);
  return keeps_integers(*e) && std::all_of(e->args.begin(), e->args.end(),
                                           [&](const ExprPtr& arg) { return stays_integer(arg, form); });
}

DType value_type(const Operator& op, const RowForm& form) {
  bool doubles = op.accumulate == DType::f64, integers = !is_floating(op.accumulate);
  for (const RowAccess& read : form.reads) doubles = doubles || read.at.type == DType::f64;
  const auto all_integers = [&](const auto& list, auto member) {
    return std::all_of(list.begin(), list.end(), [&](const auto& x) { return stays_integer(x.*member, form); });
  };
  const bool whole = all_integers(form.reductions, &RowForm::Reduced::term) &&
                     all_integers(form.row_values, &RowForm::Value::value) &&
                     all_integers(form.elements, &RowForm::Value::value) &&
                     all_integers(form.outputs, &RowForm::Output::value);
  if (doubles) return DType::f64;
  if (!integers) return DType::f32;
  return whole ? DType::i32 : DType::f64;  // sums of integers are not exact in f32
}

// Leaves of axes named canonical axes so far; from now on merged ones.
ExprPtr with_merged_axes(const ExprPtr& e, const RowForm& form) {
  if (const auto leaf = leaf_of(e)) {
    if (leaf->kind != Kind::row_axis && leaf->kind != Kind::column_axis) return e;
    const auto& group = leaf->kind == Kind::row_axis ? form.rows() : form.columns();
    for (std::size_t i = 0; i < group.size(); ++i)
      if (group[i].axes == std::vector<int>{leaf->index})
        return make_leaf({leaf->kind, static_cast<int>(i)});
    std::abort();
  }
  if (e->args.empty()) return e;
  Expr copy = *e;
  for (ExprPtr& arg : copy.args) arg = with_merged_axes(arg, form);
  return std::make_shared<const Expr>(std::move(copy));
}

}  // namespace

ExprPtr make_leaf(RowLeaf leaf) {
  return make_read(-2 - static_cast<int>(leaf.kind) * leaves_per_kind - leaf.index, {});
}

std::optional<RowLeaf> leaf_of(const ExprPtr& expr) {
  if (expr->kind != Expr::Kind::read || expr->tensor > -2) return std::nullopt;
  const int code = -2 - expr->tensor;
  return RowLeaf{static_cast<Kind>(code / leaves_per_kind), code % leaves_per_kind};
}

bool RowAccess::indexed_by(Group group) const {
  const auto present = [&](const Access& access) {
    return std::any_of(access.forms(group).begin(), access.forms(group).end(),
                       [](StrideForm form) { return form != StrideForm::absent; });
  };
  return present(at) || std::any_of(loads.begin(), loads.end(),
                                    [&](const Load& load) { return present(load.at); });
}

std::int64_t RowForm::row_count() const {
  std::int64_t product = 1;
  for (const GroupAxis& axis : rows()) product *= axis.extent;
  return product;
}

std::int64_t RowForm::column_count() const {
  std::int64_t product = 1;
  for (const GroupAxis& axis : columns()) product *= axis.extent;
  return product;
}

int RowForm::passes() const {
  int passes = 1;
  for (const Reduced& r : reductions) passes = std::max(passes, r.level + 1);
  for (const Output& o : outputs)
    if (o.by_columns) passes = std::max(passes, o.level + 1);
  return passes;
}

bool RowForm::is_reduction() const {
  return passes() == 1 && std::none_of(outputs.begin(), outputs.end(),
                                       [](const Output& o) { return o.by_columns; });
}

int RowForm::level_of(const ExprPtr& expr) const {
  if (const auto leaf = leaf_of(expr)) {
    const auto i = static_cast<std::size_t>(leaf->index);
    switch (leaf->kind) {
      case Kind::reduction:
        return reductions[i].level + 1;
      case Kind::row_value:
        return row_values[i].level;
      case Kind::element:
        return elements[i].level;
      default:
        return 0;
    }
  }
  int level = 0;
  for (const ExprPtr& arg : expr->args) level = std::max(level, level_of(arg));
  return level;
}

bool RowForm::by_columns(const ExprPtr& expr) const {
  if (const auto leaf = leaf_of(expr)) {
    if (leaf->kind == Kind::read)
      return reads[static_cast<std::size_t>(leaf->index)].indexed_by(Group::k);
    return leaf->kind == Kind::element || leaf->kind == Kind::column_axis;
  }
  return std::any_of(expr->args.begin(), expr->args.end(),
                     [&](const ExprPtr& arg) { return by_columns(arg); });
}

void RowForm::collect_leaves(const ExprPtr& expr, bool through_elements,
                             std::vector<RowLeaf>& into) const {
  if (const auto leaf = leaf_of(expr)) {
    const bool known = std::any_of(into.begin(), into.end(), [&](const RowLeaf& other) {
      return other.kind == leaf->kind && other.index == leaf->index;
    });
    if (known) return;
    if (leaf->kind == Kind::element && through_elements)
      collect_leaves(elements[static_cast<std::size_t>(leaf->index)].value, true, into);
    into.push_back(*leaf);
    return;
  }
  for (const ExprPtr& arg : expr->args) collect_leaves(arg, through_elements, into);
}

bool RowForm::inexact_axis_numbers() const {
  constexpr std::int64_t exact = 1 << 24;
  const auto too_long = [](const GroupAxis& axis) { return axis.extent > exact; };
  if (value != DType::f32 || (std::none_of(rows().begin(), rows().end(), too_long) &&
                              std::none_of(columns().begin(), columns().end(), too_long)))
    return false;
  std::vector<RowLeaf> leaves;
  for (const Reduced& r : reductions) collect_leaves(r.term, true, leaves);
  for (const Value& v : row_values) collect_leaves(v.value, true, leaves);
  for (const Output& o : outputs) collect_leaves(o.value, true, leaves);
  return std::any_of(leaves.begin(), leaves.end(),
                     [](const RowLeaf& leaf) { return leaf.kind == Kind::row_axis || leaf.kind == Kind::column_axis; });
}

std::vector<int> RowForm::reused_elements() const {
  std::vector<std::vector<bool>> used(elements.size(), std::vector<bool>(static_cast<std::size_t>(passes())));
  const auto note = [&](const ExprPtr& e, int pass) {
    std::vector<RowLeaf> leaves;
    collect_leaves(e, true, leaves);
    for (const RowLeaf& leaf : leaves)
      if (leaf.kind == Kind::element)
        used[static_cast<std::size_t>(leaf.index)][static_cast<std::size_t>(pass)] = true;
  };
  for (const Reduced& r : reductions) note(r.term, r.level);
  for (const Output& o : outputs)
    if (o.by_columns) note(o.value, o.level);
  std::vector<int> reused;
  for (std::size_t i = 0; i < used.size(); ++i)
    if (std::count(used[i].begin(), used[i].end(), true) > 1) reused.push_back(static_cast<int>(i));
  return reused;
}

std::vector<int> RowForm::reused_reads(const std::vector<int>& kept) const {
  std::vector<std::vector<bool>> used(reads.size(), std::vector<bool>(static_cast<std::size_t>(passes())));
  const auto is_kept = [&](int e) { return std::find(kept.begin(), kept.end(), e) != kept.end(); };
  // A kept element is computed in the first pass that uses it.
  std::vector<bool> computed(elements.size(), false);
  const auto note = [&](const auto& self, const ExprPtr& e, int pass) -> void {
    if (const auto leaf = leaf_of(e)) {
      const auto i = static_cast<std::size_t>(leaf->index);
      if (leaf->kind == Kind::read && by_columns(e)) used[i][static_cast<std::size_t>(pass)] = true;
      if (leaf->kind == Kind::element && !(is_kept(leaf->index) && computed[i])) {
        computed[i] = true;
        self(self, elements[i].value, pass);
      }
      return;
    }
    for (const ExprPtr& arg : e->args) self(self, arg, pass);
  };
  for (int pass = 0; pass < passes(); ++pass) {
    for (const Reduced& r : reductions)
      if (r.level == pass) note(note, r.term, pass);
    for (const Output& o : outputs)
      if (o.by_columns && o.level == pass) note(note, o.value, pass);
  }
  std::vector<int> reused;
  for (std::size_t i = 0; i < used.size(); ++i)
    if (std::count(used[i].begin(), used[i].end(), true) > 1) reused.push_back(static_cast<int>(i));
  return reused;
}

RowCanonicalised canonicalise_rows(const Operator& op) {
  std::string why_not;
  auto expanded = expand_rows(op, why_not);
  if (!expanded) return {std::nullopt, why_not};
  const auto fail = [&](const std::string& why) {
    return RowCanonicalised{std::nullopt, words("the statement of {}: {}",
        op.tensors[static_cast<std::size_t>(op.statements.back().output)].name, why)};
  };
  RowForm form = std::move(expanded->form);
  std::vector<Parts> reads, outputs;
  for (const ExprPtr& read : expanded->reads) {
    auto parts = take_apart(op, expanded->domain, read->tensor, read->indices, why_not);
    if (!parts) return fail(why_not);
    reads.push_back(std::move(*parts));
  }
  for (std::size_t i = 0; i < expanded->output_tensors.size(); ++i) {
    auto parts = take_apart(op, expanded->domain, expanded->output_tensors[i],
                            expanded->output_indices[i], why_not);
    if (!parts) return fail(why_not);
    outputs.push_back(std::move(*parts));
  }
  std::vector<const Parts*> all;
  for (const Parts& parts : reads) all.push_back(&parts);
  for (const Parts& parts : outputs) all.push_back(&parts);

  std::vector<int> rows, columns;
  for (int i = 0; i < static_cast<int>(expanded->domain.axes.size()); ++i)
    (i < expanded->rows ? rows : columns).push_back(i);
  // Columns in the order of the first operand that has them, so that its innermost comes last.
  for (const Parts& parts : reads) {
    const bool has = std::all_of(columns.begin(), columns.end(),
                                 [&](int axis) { return parts.affine.indexed_by(axis); });
    if (!has) continue;
    sort_stably(columns.begin(), columns.end(), [&](int a, int b) {
      return parts.affine.last_dimension(a) < parts.affine.last_dimension(b);
    });
    break;
  }
  form.groups[static_cast<std::size_t>(Group::batch)] = {GroupAxis{}};
  form.groups[static_cast<std::size_t>(Group::n)] = {GroupAxis{}};
  form.groups[static_cast<std::size_t>(Group::m)] = merge(rows, *expanded, all);
  form.groups[static_cast<std::size_t>(Group::k)] = merge(columns, *expanded, all);
  for (const Parts& parts : reads) {
    RowAccess access{parts.affine.over(form.groups, parts.type), {}};
    for (const Parts::Load& load : parts.loads)
      access.loads.push_back({load.stride, load.at.over(form.groups, load.type)});
    form.reads.push_back(std::move(access));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i)
    form.outputs[i].at = outputs[i].affine.over(form.groups, outputs[i].type);
  for (auto& r : form.reductions) r.term = with_merged_axes(r.term, form);
  for (auto& v : form.row_values) v.value = with_merged_axes(v.value, form);
  for (auto& e : form.elements) e.value = with_merged_axes(e.value, form);
  for (auto& o : form.outputs) o.value = with_merged_axes(o.value, form);
  form.value = value_type(op, form);
  return {std::move(form), {}};
}

RowForm require_rows(const Operator& op) {
  auto canonical = canonicalise_rows(op);
  if (!canonical.form) std::abort();  // callers ask illegal() first
  return *std::move(canonical.form);
}

}  // namespace perftune
