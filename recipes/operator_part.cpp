#include "recipes/operator_part.hpp"

#include <algorithm>
#include <utility>

#include "recipes/operator_source.hpp"

namespace perftune {
namespace {

// Calls `visit` with a reference to every tensor number in `index`.
template <class Visit>
void visit_tensors(Index& index, const Visit& visit) {
  for (Index::Term& term : index.terms) {
    if (term.atom == Index::Atom::load) visit(term.tensor);
    for (Index& operand : term.operands) visit_tensors(operand, visit);
  }
}

// `e` with every tensor number passed through `visit`.
template <class Visit>
ExprPtr renumber(const ExprPtr& e, const Visit& visit) {
  Expr copy = *e;
  if (copy.kind == Expr::Kind::read) visit(copy.tensor);
  for (Index& index : copy.indices) visit_tensors(index, visit);
  for (ExprPtr& arg : copy.args) arg = renumber(arg, visit);
  return std::make_shared<const Expr>(std::move(copy));
}

template <class Visit>
void visit_reads(Statement& statement, const Visit& visit) {
  statement.value = renumber(statement.value, visit);
}

struct Uses {
  std::vector<bool> assigned_here, read_here, read_elsewhere;
};

Uses uses_of(const Operator& op, const std::vector<int>& kept) {
  Uses uses;
  for (auto* flags : {&uses.assigned_here, &uses.read_here, &uses.read_elsewhere})
    flags->assign(op.tensors.size(), false);
  for (std::size_t s = 0; s < op.statements.size(); ++s) {
    const bool here = std::find(kept.begin(), kept.end(), static_cast<int>(s)) != kept.end();
    Statement statement = op.statements[s];
    if (here) uses.assigned_here[static_cast<std::size_t>(statement.output)] = true;
    visit_reads(statement, [&](int tensor) {
      (here ? uses.read_here : uses.read_elsewhere)[static_cast<std::size_t>(tensor)] = true;
    });
  }
  return uses;
}

std::vector<int> statements_in_source(const Operator& whole, const std::vector<int>& kept) {
  if (whole.source->part.empty()) return kept;
  std::vector<int> mapped;
  for (const int s : kept) mapped.push_back(whole.source->part.at(static_cast<std::size_t>(s)));
  return mapped;
}

}  // namespace

void keep_statements(Operator& op, const std::vector<int>& kept) {
  const Uses uses = uses_of(op, kept);
  std::vector<int> number(op.tensors.size(), -1);
  std::vector<Tensor> tensors;
  for (const Tensor::Role role :
       {Tensor::Role::input, Tensor::Role::output, Tensor::Role::intermediate})
    for (std::size_t t = 0; t < op.tensors.size(); ++t) {
      if (!uses.assigned_here[t] && !uses.read_here[t]) continue;
      const bool leaves = op.tensors[t].role == Tensor::Role::output || uses.read_elsewhere[t];
      const Tensor::Role becomes = !uses.assigned_here[t] ? Tensor::Role::input
                                   : leaves               ? Tensor::Role::output
                                                          : Tensor::Role::intermediate;
      if (becomes != role) continue;
      number[t] = static_cast<int>(tensors.size());
      tensors.push_back(op.tensors[t]);
      tensors.back().role = becomes;
    }
  std::vector<Statement> statements;
  for (const int s : kept) {
    Statement statement = op.statements.at(static_cast<std::size_t>(s));
    const auto renumbered = [&](int& tensor) { tensor = number[static_cast<std::size_t>(tensor)]; };
    visit_reads(statement, renumbered);
    renumbered(statement.output);
    statements.push_back(std::move(statement));
  }
  op.tensors = std::move(tensors);
  op.statements = std::move(statements);
}

Operator part_of(const Operator& whole, const std::vector<int>& kept) {
  Operator part = whole;
  keep_statements(part, kept);
  std::string outputs;
  for (const int t : part.outputs())
    outputs += (outputs.empty() ? "" : "+") + part.tensors[static_cast<std::size_t>(t)].name;
  part.name = whole.name + "/" + outputs;
  if (!whole.source) return part;
  OperatorSource source = *whole.source;
  source.part = statements_in_source(whole, kept);
  source.name = part.name;
  part.source = std::make_shared<const OperatorSource>(std::move(source));
  return part;
}

}  // namespace perftune
