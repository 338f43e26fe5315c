#include "codegen/map_flatten.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <utility>

#include "codegen/index_rewrite.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr int kMostNodes = 4000;          // of one output's expression after replacing intermediates
constexpr std::int64_t kShortestRun = 16;  // elements of the innermost axis after taking it apart

int count_nodes(const Expr& e) {
  int nodes = 1;
  for (const ExprPtr& arg : e.args) nodes += count_nodes(*arg);
  return nodes;
}

bool reduces(const Expr& e) {
  return e.kind == Expr::Kind::reduce ||
         std::any_of(e.args.begin(), e.args.end(), [](const ExprPtr& a) { return reduces(*a); });
}

// Each left-hand subscript is an axis of its own, in any order: a read names the point that is read.
bool plain_left(const std::vector<Index>& left, std::size_t axes) {
  std::vector<bool> seen(axes, false);
  for (const Index& index : left) {
    if (index.offset != 0 || index.terms.size() != 1) return false;
    const Index::Term& term = index.terms[0];
    if (term.atom != Index::Atom::axis || term.coefficient != 1) return false;
    if (seen[static_cast<std::size_t>(term.axis)]) return false;
    seen[static_cast<std::size_t>(term.axis)] = true;
  }
  return std::all_of(seen.begin(), seen.end(), [](bool s) { return s; });
}

class Flattener {
 public:
  explicit Flattener(const Operator& op) : op_(op) {}
  std::string why_not;

  std::optional<std::vector<FlatStatement>> run() {
    std::vector<FlatStatement> outputs;
    for (const Statement& statement : op_.statements) {
      auto flat = flatten(statement);
      if (!flat) return std::nullopt;
      if (tensor(statement.output).role == Tensor::Role::output) outputs.push_back(*flat);
      done_[statement.output] = *std::move(flat);
    }
    return outputs;
  }

 private:
  const Tensor& tensor(int t) const { return op_.tensors[static_cast<std::size_t>(t)]; }

  bool fail(const Statement& statement, const std::string& what) {
    why_not = words("{} is no map: {}", describe_statement(op_, statement), what);
    return false;
  }

  std::optional<FlatStatement> flatten(const Statement& statement) {
    if (reduces(*statement.value)) {
      fail(statement, "it has a reduction");
      return std::nullopt;
    }
    if (done_.contains(statement.output)) {
      fail(statement, "its tensor is assigned by several statements");
      return std::nullopt;
    }
    FlatStatement flat;
    flat.output = statement.output;
    flat.axes = statement.axes;
    flat.left = statement.indices;
    for (std::size_t a = 0; a < statement.axes.size(); ++a)
      flat.axis_values.push_back(axis_index(static_cast<int>(a)));
    flat.value = replace(statement, statement.value, flat);
    if (!flat.value) return std::nullopt;
    if (count_nodes(*flat.value) > kMostNodes) {
      fail(statement, "its expression is too long with the intermediates in it");
      return std::nullopt;
    }
    return flat;
  }

  // `e` with reads of assigned tensors replaced by what was assigned. Null: why_not says why.
  ExprPtr replace(const Statement& statement, const ExprPtr& e, FlatStatement& into) {
    if (e->kind == Expr::Kind::read) {
      const auto known = done_.find(e->tensor);
      return known == done_.end() ? e : inlined(statement, *e, known->second, into);
    }
    if (e->args.empty()) return e;
    Expr copy = *e;
    for (ExprPtr& arg : copy.args) {
      arg = replace(statement, arg, into);
      if (!arg) return nullptr;
    }
    return std::make_shared<const Expr>(std::move(copy));
  }

  ExprPtr inlined(const Statement& statement, const Expr& read, const FlatStatement& from,
                  FlatStatement& into) {
    const Tensor& t = tensor(read.tensor);
    if (t.pad) {
      fail(statement, words("it reads {} outside its extents", t.name));
      return nullptr;
    }
    if (!plain_left(from.left, from.axes.size())) {
      fail(statement, words("{} is not assigned at plain subscripts", t.name));
      return nullptr;
    }
    std::vector<Index> by(from.axes.size());
    for (std::size_t d = 0; d < from.left.size(); ++d)
      by[static_cast<std::size_t>(from.left[d].terms[0].axis)] = read.indices[d];
    const int shift = static_cast<int>(into.axis_values.size());
    for (const Index& value : from.axis_values)
      into.axis_values.push_back(substitute(value, by, into.axes));
    ExprPtr value = substitute(from.value, by, into.axes, shift);
    if (t.type == DType::f64 || t.type == op_.accumulate) return value;
    Expr cast;  // what is stored narrower is read narrower
    cast.kind = Expr::Kind::apply;
    cast.function = Function::cast;
    cast.type = t.type;
    cast.args = {std::move(value)};
    return std::make_shared<const Expr>(std::move(cast));
  }

  const Operator& op_;
  std::map<int, FlatStatement> done_;  // by tensor
};

using AtomVisitor = std::function<void(const Index::Term&)>;

void visit_atoms(const Index& index, const AtomVisitor& visit) {
  for (const Index::Term& term : index.terms) {
    if (term.atom == Index::Atom::divide || term.atom == Index::Atom::modulo) visit(term);
    for (const Index& operand : term.operands) visit_atoms(operand, visit);
  }
}

void visit_atoms(const Expr& e, const AtomVisitor& visit) {
  for (const Index& index : e.indices) visit_atoms(index, visit);
  for (const ExprPtr& arg : e.args) visit_atoms(*arg, visit);
}

// The length of low digits that all divisions of `axis` can do without; 1: they cannot.
std::int64_t low_digit(const FlatStatement& flat, int axis) {
  std::int64_t factor = flat.axes[static_cast<std::size_t>(axis)].extent;
  bool divided = false;
  const AtomVisitor look = [&](const Index::Term& atom) {
    const Index& operand = atom.operands[0];
    const std::int64_t own = operand.coefficient(axis);
    if (own == 0) return;
    divided = true;
    factor = std::gcd(factor, own == 1 ? atom.divisor : 1);
    factor = std::gcd(factor, operand.offset);
    for (const Index::Term& term : operand.terms)
      if (term.atom != Index::Atom::axis || term.axis != axis)
        factor = std::gcd(factor, term.coefficient);
  };
  visit_atoms(*flat.value, look);
  for (const Index& value : flat.axis_values) visit_atoms(value, look);
  return divided ? factor : 1;
}

int innermost_axis(const FlatStatement& flat) {
  if (flat.left.empty() || flat.left.back().terms.empty()) return -1;
  const auto& terms = flat.left.back().terms;
  return std::min_element(terms.begin(), terms.end(), [](const auto& a, const auto& b) {
           return a.coefficient < b.coefficient;
         })->axis;
}

}  // namespace

std::string describe_statement(const Operator& op, const Statement& statement) {
  const std::string& output = op.tensors[static_cast<std::size_t>(statement.output)].name;
  if (statement.where.line == 0) return words("the statement for {}", output);
  return words("the statement for {} ({}:{})", output, statement.where.file,
                     statement.where.line);
}

std::optional<std::vector<FlatStatement>> flatten(const Operator& op, std::string& why_not) {
  Flattener flattener(op);
  auto flat = flattener.run();
  why_not = flattener.why_not;
  return flat;
}

bool split_digit(FlatStatement& flat) {
  const int innermost = innermost_axis(flat);
  for (int axis = 0; axis < static_cast<int>(flat.axes.size()); ++axis) {
    const std::int64_t extent = flat.axes[static_cast<std::size_t>(axis)].extent;
    const std::int64_t factor = low_digit(flat, axis);
    if (factor <= 1 || factor >= extent) continue;
    if (axis == innermost && factor < kShortestRun) continue;
    // `axis` keeps the high digit; the low one is a new axis at the end.
    std::vector<Index> by;
    for (std::size_t a = 0; a < flat.axes.size(); ++a) by.push_back(axis_index(static_cast<int>(a)));
    Index joined;
    joined.terms.emplace_back();
    joined.terms[0].axis = axis;
    joined.terms[0].coefficient = factor;
    joined.terms.push_back(axis_index(static_cast<int>(flat.axes.size())).terms[0]);
    by[static_cast<std::size_t>(axis)] = joined;
    flat.axes[static_cast<std::size_t>(axis)].extent = extent / factor;
    flat.axes.push_back({flat.axes[static_cast<std::size_t>(axis)].name + "0", factor, false});
    for (Index& index : flat.left) index = substitute(index, by, flat.axes);
    for (Index& value : flat.axis_values) value = substitute(value, by, flat.axes);
    flat.value = substitute(flat.value, by, flat.axes, 0);
    return true;
  }
  return false;
}

}  // namespace perftune
