#include "codegen/contraction_merge.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "codegen/index_rewrite.hpp"

namespace perftune {
namespace {

bool reduces(const Expr& e) {
  return e.kind == Expr::Kind::reduce || std::any_of(e.args.begin(), e.args.end(), [](const ExprPtr& a) { return reduces(*a); });
}

// The only axis of a subscript that is an axis and nothing else; -1: it is more.
int plain_axis(const Index& index) {
  if (index.offset != 0 || index.terms.size() != 1) return -1;
  const Index::Term& term = index.terms[0];
  return term.atom == Index::Atom::axis && term.coefficient == 1 ? term.axis : -1;
}

class Merger {
 public:
  explicit Merger(const Operator& op) : op_(op), sum_(op.statements[0]) {}

  std::optional<Statement> run() {
    if (op_.statements.size() < 2 || !reduces(*sum_.value) || !assigned(sum_, sum_.indices, sum_.value)) return std::nullopt;
    for (std::size_t s = 1; s < op_.statements.size(); ++s) {
      const Statement& statement = op_.statements[s];
      const bool last = s + 1 == op_.statements.size();
      const bool output = op_.tensors[static_cast<std::size_t>(statement.output)].role == Tensor::Role::output;
      if (reduces(*statement.value) || last != output) return std::nullopt;
      by_.assign(statement.axes.size(), Index{});
      known_.assign(statement.axes.size(), false);
      if (!align(*statement.value) || std::find(known_.begin(), known_.end(), false) != known_.end()) return std::nullopt;
      const ExprPtr value = rewritten(statement.value);
      if (!value) return std::nullopt;
      std::vector<Index> left;
      for (const Index& index : statement.indices) left.push_back(substitute(index, by_, sum_.axes));
      if (last) {
        Statement merged = sum_;
        merged.output = statement.output;
        merged.indices = std::move(left);
        merged.value = value;
        merged.where = statement.where;
        return merged;
      }
      if (!assigned(statement, left, value)) return std::nullopt;
    }
    return std::nullopt;
  }

 private:
  struct Known {
    std::vector<int> left;  // axes of the sum's statement, one per dimension
    ExprPtr value;          // over those axes
  };

  // Remembers an intermediate that is assigned at plain subscripts and stored as it is computed.
  bool assigned(const Statement& statement, const std::vector<Index>& left, const ExprPtr& value) {
    const Tensor& tensor = op_.tensors[static_cast<std::size_t>(statement.output)];
    if (tensor.role != Tensor::Role::intermediate || tensor.pad || (tensor.type != op_.accumulate && tensor.type != DType::f64)) return false;
    Known known{{}, value};
    for (const Index& index : left) {
      known.left.push_back(plain_axis(index));
      if (known.left.back() < 0) return false;
    }
    known_tensors_[statement.output] = std::move(known);
    return true;
  }

  // Reads of intermediates say which axis of the sum each axis of the statement is.
  bool align(const Expr& e) {
    if (e.kind == Expr::Kind::read) {
      const auto it = known_tensors_.find(e.tensor);
      if (it == known_tensors_.end()) return true;
      for (std::size_t d = 0; d < e.indices.size(); ++d) {
        const int axis = plain_axis(e.indices[d]);
        if (axis < 0) return false;
        const Index wanted = axis_index(it->second.left[d]);
        if (known_[static_cast<std::size_t>(axis)] && !(by_[static_cast<std::size_t>(axis)] == wanted)) return false;
        by_[static_cast<std::size_t>(axis)] = wanted;
        known_[static_cast<std::size_t>(axis)] = true;
      }
      return true;
    }
    return std::all_of(e.args.begin(), e.args.end(), [&](const ExprPtr& arg) { return align(*arg); });
  }

  // Null where the value of an axis is used: the axes change.
  ExprPtr rewritten(const ExprPtr& e) const {
    if (e->kind == Expr::Kind::axis) return nullptr;
    if (e->kind == Expr::Kind::read) {
      if (const auto it = known_tensors_.find(e->tensor); it != known_tensors_.end()) return it->second.value;
      Expr copy = *e;
      for (Index& index : copy.indices) index = substitute(index, by_, sum_.axes);
      return std::make_shared<const Expr>(std::move(copy));
    }
    if (e->args.empty()) return e;
    Expr copy = *e;
    for (ExprPtr& arg : copy.args) {
      arg = rewritten(arg);
      if (!arg) return nullptr;
    }
    return std::make_shared<const Expr>(std::move(copy));
  }

  const Operator& op_;
  const Statement& sum_;
  std::map<int, Known> known_tensors_;  // intermediates
  std::vector<Index> by_;               // of the statement at hand: its axes over the sum's
  std::vector<bool> known_;
};

}  // namespace

std::optional<Statement> merged_contraction(const Operator& op) {
  if (op.statements.empty()) return std::nullopt;
  return Merger(op).run();
}

}  // namespace perftune
