// What a pass over rows does at a column, in order (row_names.hpp).
#include <algorithm>

#include "codegen/row_names.hpp"

namespace perftune {
namespace {

using Kind = RowLeaf::Kind;

bool same_leaf(RowLeaf a, RowLeaf b) { return a.kind == b.kind && a.index == b.index; }

bool row_level(const RowForm& form, RowLeaf leaf) { return !form.by_columns(make_leaf(leaf)); }

class PassActions {
 public:
  PassActions(const RowForm& form, int pass, const std::vector<int>& kept)
      : form_(form), pass_(pass), kept_(kept), first_use_(form.elements.size(), -1) {
    for (int p = 0; p <= pass; ++p)
      for (const ExprPtr& value : values_of(p)) {
        std::vector<RowLeaf> leaves;
        form.collect_leaves(value, true, leaves);
        for (const RowLeaf& leaf : leaves)
          if (leaf.kind == Kind::element && first_use_[static_cast<std::size_t>(leaf.index)] < 0)
            first_use_[static_cast<std::size_t>(leaf.index)] = p;
      }
  }

  std::vector<RowAction> run() {
    for (std::size_t i = 0; i < form_.reductions.size(); ++i) {
      if (form_.reductions[i].level != pass_) continue;
      prepare(form_.reductions[i].term);
      body_.push_back({RowAction::Kind::accumulate, {}, static_cast<int>(i)});
    }
    for (std::size_t i = 0; i < form_.outputs.size(); ++i) {
      if (!form_.outputs[i].by_columns || form_.outputs[i].level != pass_) continue;
      prepare(form_.outputs[i].value);
      body_.push_back({RowAction::Kind::store, {}, static_cast<int>(i)});
    }
    head_.insert(head_.end(), body_.begin(), body_.end());
    return head_;
  }

 private:
  std::vector<ExprPtr> values_of(int pass) const {
    std::vector<ExprPtr> values;
    for (const auto& r : form_.reductions)
      if (r.level == pass) values.push_back(r.term);
    for (const auto& o : form_.outputs)
      if (o.by_columns && o.level == pass) values.push_back(o.value);
    return values;
  }

  int slot(int element) const {
    const auto it = std::find(kept_.begin(), kept_.end(), element);
    return it == kept_.end() ? -1 : static_cast<int>(it - kept_.begin());
  }

  void prepare(const ExprPtr& value) {
    std::vector<RowLeaf> leaves;
    form_.collect_leaves(value, false, leaves);
    for (const RowLeaf& leaf : leaves) need(leaf);
  }

  void need(RowLeaf leaf) {
    if (std::any_of(had_.begin(), had_.end(), [&](RowLeaf h) { return same_leaf(h, leaf); })) return;
    had_.push_back(leaf);
    if (leaf.kind == Kind::element) {
      const int kept = slot(leaf.index);
      if (kept >= 0 && first_use_[static_cast<std::size_t>(leaf.index)] < pass_) {
        body_.push_back({RowAction::Kind::recall, leaf, kept});
        return;
      }
      prepare(form_.elements[static_cast<std::size_t>(leaf.index)].value);
      body_.push_back({RowAction::Kind::compute, leaf, 0});
      if (kept >= 0) body_.push_back({RowAction::Kind::keep, leaf, kept});
    } else if (row_level(form_, leaf)) {
      head_.push_back({RowAction::Kind::row_leaf, leaf, 0});
    } else if (leaf.kind == Kind::column_axis) {
      body_.push_back({RowAction::Kind::axis, leaf, 0});
    } else {
      body_.push_back({RowAction::Kind::read, leaf, 0});
    }
  }

  const RowForm& form_;
  int pass_;
  const std::vector<int>& kept_;
  std::vector<int> first_use_;
  std::vector<RowLeaf> had_;
  std::vector<RowAction> head_, body_;
};

}  // namespace

std::vector<RowAction> actions_of_pass(const RowForm& form, int pass, const std::vector<int>& kept) {
  return PassActions(form, pass, kept).run();
}

std::vector<RowLeaf> row_start_leaves(const RowForm& form) {
  std::vector<RowLeaf> all, start;
  for (const auto& r : form.reductions) form.collect_leaves(r.term, true, all);
  for (const auto& v : form.row_values) form.collect_leaves(v.value, true, all);
  for (const auto& o : form.outputs) form.collect_leaves(o.value, true, all);
  for (const RowLeaf& leaf : all) {
    const bool first = leaf.kind == Kind::read || leaf.kind == Kind::constant || leaf.kind == Kind::row_axis;
    if (first && row_level(form, leaf)) start.push_back(leaf);
  }
  return start;
}

std::vector<RowLeaf> finished_after(const RowForm& form, int pass) {
  std::vector<RowLeaf> done;
  for (std::size_t i = 0; i < form.reductions.size(); ++i)
    if (form.reductions[i].level == pass) done.push_back({Kind::reduction, static_cast<int>(i)});
  for (std::size_t i = 0; i < form.row_values.size(); ++i)
    if (form.row_values[i].level == pass + 1) done.push_back({Kind::row_value, static_cast<int>(i)});
  return done;
}

}  // namespace perftune
