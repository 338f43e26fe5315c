#include "codegen/map.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <set>
#include <utility>

#include "codegen/index_rewrite.hpp"
#include "codegen/integer_values.hpp"
#include "codegen/map_flatten.hpp"
#include "recipes/stable_order.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr int kMostDigits = 8;

// One tensor's subscripts, before axes are merged.
struct Subscripts {
  int tensor = -1;
  std::vector<Index> indices;
};

// What one output becomes: axes sorted as the output stores them.
struct Nest {
  FlatStatement flat;
  std::vector<int> order;  // loop axis -> flat axis
};

std::int64_t output_stride(const Operator& op, const FlatStatement& flat, int axis) {
  const auto strides = op.tensors[static_cast<std::size_t>(flat.output)].strides();
  std::int64_t stride = 0;
  for (std::size_t d = 0; d < flat.left.size(); ++d)
    stride += flat.left[d].coefficient(axis) * strides[d];
  return stride;
}

Nest make_nest(const Operator& op, FlatStatement flat) {
  Nest nest{std::move(flat), {}};
  nest.order.resize(nest.flat.axes.size());
  std::iota(nest.order.begin(), nest.order.end(), 0);
  // Strides alone do not order axes of extent 1; positions on the left side do.
  const auto dimension = [&](int axis) {
    for (std::size_t d = 0; d < nest.flat.left.size(); ++d)
      if (nest.flat.left[d].coefficient(axis) != 0) return static_cast<int>(d);
    return -1;
  };
  sort_stably(nest.order.begin(), nest.order.end(), [&](int x, int y) {
    if (dimension(x) != dimension(y)) return dimension(x) < dimension(y);
    return output_stride(op, nest.flat, x) > output_stride(op, nest.flat, y);
  });
  return nest;
}

// Axes renumbered in loop order, so that several outputs speak of the same axes.
FlatStatement in_loop_order(const Nest& nest) {
  std::vector<Index> by(nest.flat.axes.size());
  std::vector<Axis> axes(nest.flat.axes.size());
  for (std::size_t loop = 0; loop < nest.order.size(); ++loop) {
    const auto from = static_cast<std::size_t>(nest.order[loop]);
    by[from] = axis_index(static_cast<int>(loop));
    axes[loop] = nest.flat.axes[from];
  }
  FlatStatement flat;
  flat.output = nest.flat.output;
  flat.axes = axes;
  for (const Index& index : nest.flat.left) flat.left.push_back(substitute(index, by, axes));
  for (const Index& v : nest.flat.axis_values) flat.axis_values.push_back(substitute(v, by, axes));
  flat.value = substitute(nest.flat.value, by, axes, 0);
  return flat;
}

void collect_reads(const ExprPtr& e, std::vector<ExprPtr>& reads) {
  if (e->kind == Expr::Kind::read) {
    const bool known =
        std::any_of(reads.begin(), reads.end(), [&](const ExprPtr& r) { return same(r, e); });
    if (!known) reads.push_back(e);
  }
  for (const ExprPtr& arg : e->args) collect_reads(arg, reads);
}

void collect_axis_uses(const Expr& e, std::set<int>& used) {
  if (e.kind == Expr::Kind::axis) used.insert(e.axis);
  for (const ExprPtr& arg : e.args) collect_axis_uses(*arg, used);
}

class Builder {
 public:
  explicit Builder(const Operator& op) : op_(op) {}
  std::string why_not;

  std::optional<MapForm> run() {
    auto outputs = flatten(op_, why_not);
    if (!outputs) return std::nullopt;
    std::vector<FlatStatement> flats;
    for (FlatStatement& flat : *outputs) {
      int digits = 0;
      while (digits < kMostDigits && split_digit(flat)) ++digits;
      form_.digits += digits;
      flats.push_back(in_loop_order(make_nest(op_, std::move(flat))));
    }
    if (!share_axes(flats)) return std::nullopt;
    axes_ = flats.front().axes;
    join(flats);
    merge_axes(flats);
    for (const FlatStatement& flat : flats) {
      MapAccess access = make_access({flat.output, flat.left}, true);
      form_.results.push_back({std::move(access), flat.value});
    }
    for (const ExprPtr& read : form_.read_exprs)
      form_.reads.push_back(make_access({read->tensor, read->indices}, false));
    for (const Index& value : values_) form_.axis_values.push_back(make_index(value));
    for (const int axis : kept_) form_.extents.push_back(merged_extent_[static_cast<std::size_t>(axis)]);
    form_.scalar = scalar_type();
    return std::move(form_);
  }

 private:
  const Tensor& tensor(int t) const { return op_.tensors[static_cast<std::size_t>(t)]; }

  bool share_axes(const std::vector<FlatStatement>& flats) {
    for (const FlatStatement& flat : flats) {
      const auto& first = flats.front().axes;
      const bool equal = flat.axes.size() == first.size() &&
                         std::equal(first.begin(), first.end(), flat.axes.begin(),
                                    [](const Axis& a, const Axis& b) { return a.extent == b.extent; });
      if (equal) continue;
      for (const Statement& statement : op_.statements)
        if (statement.output == flat.output)
          why_not = words("{} is no map of one loop: its axes differ from those of {}",
                                describe_statement(op_, statement), tensor(flats[0].output).name);
      return false;
    }
    return true;
  }

  // One table of axis values and of reads for all outputs.
  void join(std::vector<FlatStatement>& flats) {
    const std::vector<Index> same_axes = identity();
    for (FlatStatement& flat : flats) {
      const int shift = static_cast<int>(values_.size());
      values_.insert(values_.end(), flat.axis_values.begin(), flat.axis_values.end());
      flat.value = substitute(flat.value, same_axes, axes_, shift);
    }
    std::set<int> used;
    for (const FlatStatement& flat : flats) {
      collect_axis_uses(*flat.value, used);
      collect_reads(flat.value, form_.read_exprs);
    }
    for (std::size_t v = 0; v < values_.size(); ++v)
      if (!used.contains(static_cast<int>(v))) values_[v] = Index{};  // nobody asks
  }

  std::vector<Index> identity() const {
    std::vector<Index> all;
    for (std::size_t a = 0; a < axes_.size(); ++a) all.push_back(axis_index(static_cast<int>(a)));
    return all;
  }

  // ---- merging ----

  bool merges_in(int t, const std::vector<Index>& indices, int outer, int inner, bool writes) const {
    int outer_at = -1, inner_at = -1;
    for (std::size_t d = 0; d < indices.size(); ++d) {
      for (const int axis : {outer, inner}) {
        if (has_inside_atom(indices[d], axis)) return false;
        if (!has_plain(indices[d], axis)) continue;
        int& at = axis == outer ? outer_at : inner_at;
        if (at >= 0) return false;
        at = static_cast<int>(d);
      }
    }
    if (outer_at < 0 && inner_at < 0) return true;
    if (outer_at < 0 || inner_at != outer_at + 1) return false;
    const auto lone = [&](int d) {
      const Index& index = indices[static_cast<std::size_t>(d)];
      return index.terms.size() == 1 && index.terms[0].coefficient == 1;
    };
    const Index& in = indices[static_cast<std::size_t>(inner_at)];
    const bool filled = in.offset == 0 && tensor(t).shape[static_cast<std::size_t>(inner_at)] ==
                                              axes_[static_cast<std::size_t>(inner)].extent;
    return lone(outer_at) && lone(inner_at) && filled && (writes || !bounded(t, indices, outer_at));
  }

  // A read along dimension d may leave the tensor.
  bool bounded(int t, const std::vector<Index>& indices, int d) const {
    if (!tensor(t).pad) return false;
    const Index& index = indices[static_cast<std::size_t>(d)];
    const bool plain = index.offset == 0 && index.terms.size() == 1 &&
                       index.terms[0].atom == Index::Atom::axis && index.terms[0].coefficient == 1;
    return !(plain && axes_[static_cast<std::size_t>(index.terms[0].axis)].extent ==
                          tensor(t).shape[static_cast<std::size_t>(d)]);
  }

  bool nested_reads_merge(const Index& index, int outer, int inner) const {
    return !has_inside_atom(index, outer) && !has_inside_atom(index, inner);
  }

  bool merges(const std::vector<FlatStatement>& flats, int outer, int inner) const {
    for (const FlatStatement& flat : flats)
      if (!merges_in(flat.output, flat.left, outer, inner, true)) return false;
    for (const ExprPtr& read : form_.read_exprs)
      if (!merges_in(read->tensor, read->indices, outer, inner, false)) return false;
    return std::none_of(values_.begin(), values_.end(), [&](const Index& value) {
      return has_plain(value, outer) || has_plain(value, inner) ||
             !nested_reads_merge(value, outer, inner);
    });
  }

  // kept_: of each run of merged axes the innermost, which carries the strides.
  void merge_axes(const std::vector<FlatStatement>& flats) {
    for (int axis = 0; axis < static_cast<int>(axes_.size()); ++axis) {
      const std::int64_t extent = axes_[static_cast<std::size_t>(axis)].extent;
      merged_extent_.push_back(extent);
      if (!kept_.empty() && merges(flats, kept_.back(), axis)) {
        merged_extent_.back() *= merged_extent_[static_cast<std::size_t>(kept_.back())];
        kept_.back() = axis;
      } else {
        kept_.push_back(axis);
      }
    }
    if (kept_.empty()) {  // a scalar: one axis that nothing has
      axes_.push_back({"one", 1, false});
      merged_extent_.push_back(1);
      kept_.push_back(0);
    }
  }

  // ---- indices over the kept axes ----

  MapIndex make_index(const Index& index) const {
    MapIndex made;
    made.offset = index.offset;
    made.coefficient.assign(kept_.size(), 0);
    made.present.assign(kept_.size(), false);
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      made.coefficient[i] = index.coefficient(kept_[i]);
      made.present[i] = has_plain(index, kept_[i]);
    }
    for (const Index::Term& term : index.terms)
      if (term.atom != Index::Atom::axis) made.atoms.push_back(make_atom(term, term.coefficient));
    return made;
  }

  MapIndex::Atom make_atom(const Index::Term& term, std::int64_t factor) const {
    MapIndex::Atom atom;
    atom.kind = term.atom;
    atom.factor = factor;
    atom.divisor = term.divisor;
    if (term.atom == Index::Atom::load) {
      atom.tensor = term.tensor;
      atom.type = tensor(term.tensor).type;
      atom.operand.push_back(flat_offset(term.tensor, term.operands));
    } else {
      atom.operand.push_back(make_index(term.operands.at(0)));
    }
    return atom;
  }

  MapIndex flat_offset(int t, const std::vector<Index>& indices) const {
    const auto strides = tensor(t).strides();
    MapIndex sum;
    sum.coefficient.assign(kept_.size(), 0);
    sum.present.assign(kept_.size(), false);
    for (std::size_t d = 0; d < indices.size(); ++d) {
      const MapIndex part = make_index(indices[d]);
      sum.offset += part.offset * strides[d];
      for (std::size_t i = 0; i < kept_.size(); ++i) {
        sum.coefficient[i] += part.coefficient[i] * strides[d];
        if (part.present[i]) sum.present[i] = true;
      }
      for (MapIndex::Atom atom : part.atoms) {
        atom.factor *= strides[d];
        sum.atoms.push_back(std::move(atom));
      }
    }
    return sum;
  }

  MapAccess make_access(const Subscripts& s, bool writes) const {
    MapAccess access;
    access.tensor = s.tensor;
    access.type = tensor(s.tensor).type;
    access.pad = tensor(s.tensor).pad.value_or(0);
    access.elements = tensor(s.tensor).elements();
    access.offset = flat_offset(s.tensor, s.indices);
    for (const int axis : kept_) {
      int dimensions = 0;
      for (const Index& index : s.indices) dimensions += has_plain(index, axis) ? 1 : 0;
      const bool last = dimensions == 1 && s.indices.back().coefficient(axis) == 1;
      access.form.push_back(dimensions == 0 ? StrideForm::absent
                            : last          ? StrideForm::unit
                                            : StrideForm::run_time);
    }
    for (std::size_t d = 0; d < s.indices.size() && !writes; ++d)
      if (bounded(s.tensor, s.indices, static_cast<int>(d)))
        access.bounds.push_back({make_index(s.indices[d]), tensor(s.tensor).shape[d]});
    return access;
  }

  // ---- the type to compute in ----

  // Only picks, compares and rounds integers, unless integers are what is computed: exact in i32 whatever
  // the output's type.
  bool stays_integer(const Expr& e) const {
    switch (e.kind) {
      case Expr::Kind::constant:
        return is_whole(e.value);
      case Expr::Kind::axis:
        return true;
      case Expr::Kind::read:
        return !is_floating(tensor(e.tensor).type);
      case Expr::Kind::apply:
        break;
      default:
        return false;
    }
    return (is_floating(op_.accumulate) ? picks_integers(e) : keeps_integers(e)) &&
           std::all_of(e.args.begin(), e.args.end(),
                       [&](const ExprPtr& arg) { return stays_integer(*arg); });
  }

  bool wants_double(const Expr& e) const {
    if (e.kind == Expr::Kind::read) {
      const DType type = tensor(e.tensor).type;
      if (type == DType::f64 || type == DType::i32) return true;  // f32 holds 24 bits of an i32
    }
    if (e.kind == Expr::Kind::apply && e.function == Function::cast && e.type == DType::f64) return true;
    if (e.kind == Expr::Kind::axis && axis_reach(e.axis) >= (1 << 24)) return true;
    return std::any_of(e.args.begin(), e.args.end(),
                       [&](const ExprPtr& arg) { return wants_double(*arg); });
  }

  std::int64_t axis_reach(int value) const {
    const MapIndex& index = form_.axis_values[static_cast<std::size_t>(value)];
    std::int64_t reach = std::abs(index.offset);
    for (std::size_t i = 0; i < form_.extents.size(); ++i)
      reach += std::abs(index.coefficient[i]) * form_.extents[i];
    return reach;
  }

  DType scalar_type() const {
    const auto all = [&](auto test) {
      return std::all_of(form_.results.begin(), form_.results.end(),
                         [&](const MapResult& r) { return test(*r.value); });
    };
    if (op_.accumulate == DType::f64) return DType::f64;
    if (all([&](const Expr& e) { return stays_integer(e); })) return DType::i32;
    return all([&](const Expr& e) { return !wants_double(e); }) ? DType::f32 : DType::f64;
  }

  const Operator& op_;
  MapForm form_;
  std::vector<Axis> axes_;
  std::vector<Index> values_;
  std::vector<int> kept_;
  std::vector<std::int64_t> merged_extent_;
};

}  // namespace

CanonicalMap canonicalise_map(const Operator& op) {
  Builder builder(op);
  auto form = builder.run();
  return {std::move(form), builder.why_not};
}

}  // namespace perftune
