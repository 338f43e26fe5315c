#include "codegen/row_expand.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "recipes/index_arithmetic.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

using Kind = RowLeaf::Kind;

// Thrown inside this file only; expand_rows turns it into why_not.
struct Refused {
  std::string why;
};

void index_axes(const Index& index, std::set<int>& into) {
  for (const Index::Term& term : index.terms) {
    if (term.atom == Index::Atom::axis) into.insert(term.axis);
    for (const Index& operand : term.operands) index_axes(operand, into);
  }
}

void free_axes(const ExprPtr& e, std::set<int>& into) {
  if (e->kind == Expr::Kind::axis) into.insert(e->axis);
  for (const Index& index : e->indices) index_axes(index, into);
  std::set<int> inner;
  for (const ExprPtr& arg : e->args) free_axes(arg, inner);
  if (e->kind == Expr::Kind::reduce)
    for (const int axis : e->axes) inner.erase(axis);
  into.insert(inner.begin(), inner.end());
}

int plain_axis(const Index& index) {
  const bool plain = index.offset == 0 && index.terms.size() == 1 &&
                     index.terms[0].atom == Index::Atom::axis && index.terms[0].coefficient == 1;
  return plain ? index.terms[0].axis : -1;
}

Index renamed(Index index, const std::vector<int>& map) {
  for (Index::Term& term : index.terms) {
    if (term.atom == Index::Atom::axis) term.axis = map[static_cast<std::size_t>(term.axis)];
    for (Index& operand : term.operands) operand = renamed(operand, map);
  }
  return index;
}

// Which axes of a statement's left side are rows, and what is reduced in its cone.
struct Cone {
  bool reduces = false;
  std::set<int> rows;                   // spatial axes of the statement
  std::vector<std::int64_t> columns;    // extents that reductions bind
};

class Expander {
 public:
  explicit Expander(const Operator& op) : op_(op) {
    writer_.assign(op.tensors.size(), -1);
    for (std::size_t i = 0; i < op.statements.size(); ++i)
      writer_[static_cast<std::size_t>(op.statements[i].output)] = static_cast<int>(i);
  }

  ExpandedRows run() {
    for (const Statement& s : op_.statements) cones_.push_back(cone(s));
    const int anchor = choose_anchor();
    set_domain(anchor);
    add_output(anchor, split(anchor));
    for (const int tensor : op_.outputs()) {
      const int s = writer_[static_cast<std::size_t>(tensor)];
      if (s == anchor) continue;
      const auto seen = visited_.find(s);
      add_output(s, seen != visited_.end() ? seen->second : split(s));
    }
    return std::move(out_);
  }

 private:
  const Tensor& tensor(int t) const { return op_.tensors[static_cast<std::size_t>(t)]; }
  std::string describe(const Statement& s) const { return "the statement of " + tensor(s.output).name; }
  [[noreturn]] static void refuse(std::string why) { throw Refused{std::move(why)}; }

  static std::vector<int> spatial(const Statement& s) {
    std::vector<int> axes;
    for (std::size_t i = 0; i < s.axes.size(); ++i)
      if (!s.axes[i].reduction) axes.push_back(static_cast<int>(i));
    return axes;
  }

  // Rows that reads of reduced intermediates and reductions in `e` ask for.
  void collect(const Statement& s, const ExprPtr& e, Cone& cone) const {
    if (e->kind == Expr::Kind::reduce) {
      cone.reduces = true;
      if (cone.columns.empty())
        for (const int axis : e->axes) cone.columns.push_back(s.axes[static_cast<std::size_t>(axis)].extent);
      std::set<int> free;
      free_axes(e, free);
      for (const int axis : free)
        if (!s.axes[static_cast<std::size_t>(axis)].reduction) cone.rows.insert(axis);
    }
    if (e->kind == Expr::Kind::read && writer_[static_cast<std::size_t>(e->tensor)] >= 0) {
      const int w = writer_[static_cast<std::size_t>(e->tensor)];
      const Statement& from = op_.statements[static_cast<std::size_t>(w)];
      const Cone& inner = cones_[static_cast<std::size_t>(w)];
      if (inner.reduces) {
        cone.reduces = true;
        if (cone.columns.empty()) cone.columns = inner.columns;
        for (std::size_t d = 0; d < from.indices.size(); ++d) {
          if (!inner.rows.contains(plain_axis(from.indices[d]))) continue;
          std::set<int> axes;
          index_axes(e->indices[d], axes);
          for (const int axis : axes)
            if (!s.axes[static_cast<std::size_t>(axis)].reduction) cone.rows.insert(axis);
        }
      }
    }
    for (const ExprPtr& arg : e->args) collect(s, arg, cone);
  }

  Cone cone(const Statement& s) const {
    Cone c;
    collect(s, s.value, c);
    if (!c.reduces) return c;
    // Axes that are no rows must be the columns over again; else all are rows.
    const std::vector<int> all = spatial(s);
    std::vector<std::int64_t> rest;
    for (const int axis : all)
      if (!c.rows.contains(axis)) rest.push_back(s.axes[static_cast<std::size_t>(axis)].extent);
    if (rest != c.columns) c.rows.insert(all.begin(), all.end());
    return c;
  }

  int choose_anchor() const {
    int best = -1;
    std::size_t most = 0;
    for (const int t : op_.outputs()) {
      const int s = writer_[static_cast<std::size_t>(t)];
      if (!cones_[static_cast<std::size_t>(s)].reduces) continue;
      const std::size_t axes = spatial(op_.statements[static_cast<std::size_t>(s)]).size() + 1;
      if (axes > most) most = axes, best = s;
    }
    if (best < 0) refuse(describe(op_.statements.back()) + " reduces nothing");
    return best;
  }

  void set_domain(int anchor) {
    const Statement& s = op_.statements[static_cast<std::size_t>(anchor)];
    const Cone& c = cones_[static_cast<std::size_t>(anchor)];
    out_.domain.where = s.where;
    for (const int axis : spatial(s))
      if (c.rows.contains(axis)) out_.domain.axes.push_back(s.axes[static_cast<std::size_t>(axis)]);
    out_.rows = static_cast<int>(out_.domain.axes.size());
    for (std::size_t i = 0; i < c.columns.size(); ++i)
      out_.domain.axes.push_back({words("column{}", i), c.columns[i], true});
  }

  std::size_t columns() const { return out_.domain.axes.size() - static_cast<std::size_t>(out_.rows); }

  // A statement's axes as canonical ones, by its own cone; reduction axes are bound later.
  std::vector<int> split(int statement) const {
    const Statement& s = op_.statements[static_cast<std::size_t>(statement)];
    const Cone& c = cones_[static_cast<std::size_t>(statement)];
    std::vector<int> map(s.axes.size(), -1);
    std::vector<int> all = spatial(s);
    int row = 0;
    std::size_t column = static_cast<std::size_t>(out_.rows);
    const bool same_shape = !c.reduces && all.size() == out_.domain.axes.size();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto axis = static_cast<std::size_t>(all[i]);
      const bool is_row = c.reduces ? c.rows.contains(all[i])
                                    : !same_shape || i < static_cast<std::size_t>(out_.rows);
      const std::size_t to = is_row ? static_cast<std::size_t>(row++) : column++;
      if (to >= out_.domain.axes.size() || (is_row && row > out_.rows) ||
          out_.domain.axes[to].extent != s.axes[axis].extent)
        refuse(describe(s) + " goes over other rows than the rest of the program");
      map[axis] = static_cast<int>(to);
    }
    if (row != out_.rows && c.reduces)
      refuse(describe(s) + " goes over other rows than the rest of the program");
    return map;
  }

  bool is_row(int canonical) const { return canonical < out_.rows; }

  void add_output(int statement, const std::vector<int>& map) {
    const Statement& s = op_.statements[static_cast<std::size_t>(statement)];
    std::set<int> covered;
    for (const int axis : spatial(s)) covered.insert(map[static_cast<std::size_t>(axis)]);
    RowForm::Output output;
    output.by_columns = std::any_of(covered.begin(), covered.end(), [&](int a) { return !is_row(a); });
    const std::size_t wanted =
        output.by_columns ? out_.domain.axes.size() : static_cast<std::size_t>(out_.rows);
    if (covered.size() != wanted)
      refuse(describe(s) + " goes over other rows than the rest of the program");
    visited_[statement] = map;
    // An output that others read is an element too: computed once.
    output.value = output.by_columns && read_by_others(s.output) ? element(statement, map)
                                                                 : hoist(expand(s, s.value, map));
    if (!output.by_columns && leaf_of(output.value) == std::nullopt) output.value = row_value(output.value);
    output.level = out_.form.level_of(output.value);
    out_.form.outputs.push_back(output);
    out_.output_tensors.push_back(s.output);
    std::vector<Index> indices;
    for (const Index& index : s.indices) indices.push_back(renamed(index, map));
    out_.output_indices.push_back(std::move(indices));
  }

  bool read_by_others(int t) const {
    const auto reads = [&](const auto& self, const ExprPtr& e) -> bool {
      if (e->kind == Expr::Kind::read && e->tensor == t) return true;
      return std::any_of(e->args.begin(), e->args.end(), [&](const ExprPtr& a) { return self(self, a); });
    };
    return std::any_of(op_.statements.begin(), op_.statements.end(),
                       [&](const Statement& s) { return reads(reads, s.value); });
  }

  ExprPtr element(int statement, const std::vector<int>& map) {
    const auto known = elements_.find(statement);
    if (known != elements_.end()) {
      if (known->second.first != map)
        refuse(describe(op_.statements[static_cast<std::size_t>(statement)]) + " is read in two places of a row");
      return make_leaf({Kind::element, known->second.second});
    }
    const Statement& s = op_.statements[static_cast<std::size_t>(statement)];
    visited_[statement] = map;
    const ExprPtr value = hoist(expand(s, s.value, map));
    out_.form.elements.push_back({value, out_.form.level_of(value)});
    const int index = static_cast<int>(out_.form.elements.size()) - 1;
    elements_[statement] = {map, index};
    return make_leaf({Kind::element, index});
  }

  ExprPtr row_value(const ExprPtr& value) {
    auto& values = out_.form.row_values;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (same(values[i].value, value)) return make_leaf({Kind::row_value, static_cast<int>(i)});
    values.push_back({value, out_.form.level_of(value)});
    return make_leaf({Kind::row_value, static_cast<int>(values.size()) - 1});
  }

  // Parts that no column enters are computed once per row.
  ExprPtr hoist(const ExprPtr& e) {
    if (e->kind != Expr::Kind::apply) return e;
    const bool masks = e->function >= Function::less && e->function <= Function::not_equal;
    if (!masks && !depends_on_columns(e)) return row_value(e);
    // A division by a sum over the row becomes a product with its inverse: one more rounding, within
    // what the sum's own rounding allows.
    if (e->function == Function::divide && !depends_on_columns(e->args[1]) && has_sum(e->args[1])) {
      const ExprPtr inverse = make_apply(Function::divide, {make_constant(1), e->args[1]});
      return make_apply(Function::multiply, {hoist(e->args[0]), row_value(inverse)});
    }
    Expr copy = *e;
    for (ExprPtr& arg : copy.args) arg = hoist(arg);
    return std::make_shared<const Expr>(std::move(copy));
  }

  bool has_sum(const ExprPtr& e) const {
    const auto leaf = leaf_of(e);
    if (leaf)
      return leaf->kind == Kind::reduction &&
             out_.form.reductions[static_cast<std::size_t>(leaf->index)].op == Reduction::sum;
    return std::any_of(e->args.begin(), e->args.end(), [&](const ExprPtr& arg) { return has_sum(arg); });
  }

  bool depends_on_columns(const ExprPtr& e) const {
    if (const auto leaf = leaf_of(e)) {
      switch (leaf->kind) {
        case Kind::element:
          return true;
        case Kind::column_axis:
          return true;
        case Kind::read: {
          std::set<int> axes;
          for (const Index& index : out_.reads[static_cast<std::size_t>(leaf->index)]->indices)
            index_axes(index, axes);
          return std::any_of(axes.begin(), axes.end(), [&](int a) { return !is_row(a); });
        }
        default:
          return false;
      }
    }
    return std::any_of(e->args.begin(), e->args.end(),
                       [&](const ExprPtr& arg) { return depends_on_columns(arg); });
  }

  ExprPtr expand(const Statement& s, const ExprPtr& e, const std::vector<int>& map) {
    switch (e->kind) {
      case Expr::Kind::constant:
        return e->from_dims ? constant(e) : e;
      case Expr::Kind::axis: {
        const int axis = map[static_cast<std::size_t>(e->axis)];
        out_.valued_axes.push_back(axis);
        return make_leaf({is_row(axis) ? Kind::row_axis : Kind::column_axis, axis});
      }
      case Expr::Kind::read:
        return read(s, e, map);
      case Expr::Kind::reduce:
        return reduction(s, e, map);
      case Expr::Kind::accumulator:
      case Expr::Kind::apply:
        break;
    }
    Expr copy = *e;
    for (ExprPtr& arg : copy.args) arg = expand(s, arg, map);
    return std::make_shared<const Expr>(std::move(copy));
  }

  // One argument per constant of the text: equal values may differ at other dimensions.
  ExprPtr constant(const ExprPtr& e) {
    const auto known = constants_.find(e.get());
    if (known != constants_.end()) return make_leaf({Kind::constant, known->second});
    out_.form.constants.push_back(e->value);
    const int index = static_cast<int>(out_.form.constants.size()) - 1;
    constants_[e.get()] = index;
    return make_leaf({Kind::constant, index});
  }

  ExprPtr read(const Statement& s, const ExprPtr& e, const std::vector<int>& map) {
    const int w = writer_[static_cast<std::size_t>(e->tensor)];
    if (w < 0) {
      std::vector<Index> indices;
      for (const Index& index : e->indices) indices.push_back(renamed(index, map));
      const ExprPtr canonical = make_read(e->tensor, std::move(indices));
      for (std::size_t i = 0; i < out_.reads.size(); ++i)
        if (same(out_.reads[i], canonical)) return make_leaf({Kind::read, static_cast<int>(i)});
      out_.reads.push_back(canonical);
      return make_leaf({Kind::read, static_cast<int>(out_.reads.size()) - 1});
    }
    const Statement& from = op_.statements[static_cast<std::size_t>(w)];
    std::vector<int> inner(from.axes.size(), -1);
    bool by_columns = false;
    for (std::size_t d = 0; d < from.indices.size(); ++d) {
      const int to = plain_axis(from.indices[d]), at = plain_axis(e->indices[d]);
      if (to < 0 || at < 0)
        refuse(describe(s) + " reads " + tensor(e->tensor).name + " at other places than its own");
      inner[static_cast<std::size_t>(to)] = map[static_cast<std::size_t>(at)];
      by_columns = by_columns || !is_row(map[static_cast<std::size_t>(at)]);
    }
    if (by_columns) return element(w, inner);
    visited_[w] = inner;
    return expand(from, from.value, inner);
  }

  ExprPtr reduction(const Statement& s, const ExprPtr& e, const std::vector<int>& map) {
    if (e->axes.size() != columns()) refuse(describe(s) + " reduces over other columns than the rest of the program");
    std::vector<int> inner = map;
    for (std::size_t i = 0; i < e->axes.size(); ++i) {
      const auto column = static_cast<std::size_t>(out_.rows) + i;
      if (s.axes[static_cast<std::size_t>(e->axes[i])].extent != out_.domain.axes[column].extent)
        refuse(describe(s) + " reduces over other columns than the rest of the program");
      inner[static_cast<std::size_t>(e->axes[i])] = static_cast<int>(column);
    }
    std::set<int> free;
    free_axes(e, free);
    for (const int axis : free)
      if (!is_row(map[static_cast<std::size_t>(axis)]))
        refuse(describe(s) + " reduces anew for every column");
    const ExprPtr term = hoist(expand(s, e->args[0], inner));
    auto& known = out_.form.reductions;
    for (std::size_t i = 0; i < known.size(); ++i)
      if (known[i].op == e->reduction && same(known[i].term, term))
        return make_leaf({Kind::reduction, static_cast<int>(i)});
    known.push_back({e->reduction, term, out_.form.level_of(term)});
    return make_leaf({Kind::reduction, static_cast<int>(known.size()) - 1});
  }

  const Operator& op_;
  std::vector<int> writer_;  // by tensor: statement, -1: an input
  std::vector<Cone> cones_;  // by statement
  ExpandedRows out_;
  std::map<int, std::vector<int>> visited_;                   // by statement: its axes as canonical
  std::map<int, std::pair<std::vector<int>, int>> elements_;  // by statement
  std::map<const Expr*, int> constants_;
};

}  // namespace

std::optional<ExpandedRows> expand_rows(const Operator& op, std::string& why_not) {
  try {
    return Expander(op).run();
  } catch (const Refused& refused) {
    why_not = refused.why;
    return std::nullopt;
  }
}

}  // namespace perftune
