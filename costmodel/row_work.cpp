#include "costmodel/row_work.hpp"

#include <algorithm>
#include <set>

#include "codegen/row_names.hpp"

namespace perftune {
namespace {

// Vector instructions of codegen/cpu/device/math.hpp and scalar.hpp, counted from their sources; GPU
// versions are of like length.
double cost_of(Function f) {
  switch (f) {
    case Function::exp:
      return 20;
    case Function::log:
      return 24;
    case Function::divide:
      return 8;
    case Function::sqrt:
    case Function::rsqrt:
      return 20;
    case Function::tanh:
      return 50;
    case Function::erf:
      return 60;
    case Function::sigmoid:
    case Function::silu:
      return 30;
    case Function::gelu:
      return 64;
    case Function::pow:
      return 80;
    default:
      return 1;
  }
}

}  // namespace

double instructions_of(const ExprPtr& expr) {
  if (expr->kind != Expr::Kind::apply) return 0;
  double sum = cost_of(expr->function);
  for (const ExprPtr& arg : expr->args) sum += instructions_of(arg);
  return sum;
}

RowWork row_work(const Operator& op, const RowForm& form, const std::vector<int>& kept) {
  RowWork work;
  work.rows = static_cast<double>(form.row_count());
  work.columns = static_cast<double>(form.column_count());
  for (int pass = 0; pass < form.passes(); ++pass) {
    RowWork::Pass p;
    for (const RowAction& action : actions_of_pass(form, pass, kept)) {
      const auto i = static_cast<std::size_t>(action.kind == RowAction::Kind::accumulate ||
                                                      action.kind == RowAction::Kind::store
                                                  ? action.index : action.leaf.index);
      switch (action.kind) {
        case RowAction::Kind::read:
          p.reads.push_back(action.leaf.index);
          break;
        case RowAction::Kind::recall:
          ++p.recalled;
          break;
        case RowAction::Kind::keep:
          ++p.kept;
          break;
        case RowAction::Kind::compute:
          p.instructions += instructions_of(form.elements[i].value);
          break;
        case RowAction::Kind::accumulate:
          p.instructions += 1 + instructions_of(form.reductions[i].term);
          ++p.sums;
          p.adds |= form.reductions[i].op == Reduction::sum || form.reductions[i].op == Reduction::product;
          break;
        case RowAction::Kind::store:
          p.instructions += instructions_of(form.outputs[i].value);
          p.outputs.push_back(action.index);
          break;
        case RowAction::Kind::axis:
          p.instructions += 2;
          break;
        case RowAction::Kind::row_leaf:
          break;
      }
    }
    work.passes.push_back(std::move(p));
  }
  for (const auto& v : form.row_values) work.row_instructions += instructions_of(v.value);

  // Inputs that an index tensor selects from are read at the places selected.
  std::set<int> counted;
  const double points = work.rows * work.columns;
  for (const RowAccess& read : form.reads) {
    const Tensor& t = op.tensors[static_cast<std::size_t>(read.at.tensor)];
    if (!counted.insert(read.at.tensor).second) continue;
    const double reads = read.indexed_by(Group::k) ? points : work.rows;
    work.input_bytes += std::min(static_cast<double>(t.bytes()), reads * static_cast<double>(size_bytes(t.type)));
    for (const auto& load : read.loads)
      if (counted.insert(load.at.tensor).second)
        work.input_bytes += static_cast<double>(op.tensors[static_cast<std::size_t>(load.at.tensor)].bytes());
  }
  for (const int t : op.outputs()) work.output_bytes += static_cast<double>(op.tensors[static_cast<std::size_t>(t)].bytes());
  return work;
}

}  // namespace perftune
