// What of scalar expressions is known without printing them (scalar_printer.hpp).
#include "codegen/integer_values.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

bool is_integer(DType type) { return !is_floating(type); }

bool stays_integer(const ExprPtr& e, const Contraction& form) {
  switch (e->kind) {
    case Expr::Kind::accumulator:
      return is_integer(form.accumulate);
    case Expr::Kind::constant:
      return is_whole(e->value);
    case Expr::Kind::read:
      for (std::size_t i = 0; i < form.extra_reads.size(); ++i) {
        if (same(form.extra_reads[i], e)) return is_integer(form.extra[i].type);
      }
      return false;
    case Expr::Kind::apply:
      break;
    case Expr::Kind::axis:
    case Expr::Kind::reduce:
      return false;
  }
  if (!keeps_integers(*e)) return false;
  for (const ExprPtr& arg : e->args) {
    if (!stays_integer(arg, form)) return false;
  }
  return true;
}

// A cast to f64, or a read of one, asks for double arithmetic.
bool wants_double(const ExprPtr& e, const Contraction& form) {
  if (e->kind == Expr::Kind::apply && e->function == Function::cast && e->type == DType::f64) {
    return true;
  }
  if (e->kind == Expr::Kind::read) {
    for (std::size_t i = 0; i < form.extra_reads.size(); ++i) {
      if (same(form.extra_reads[i], e)) return form.extra[i].type == DType::f64;
    }
  }
  for (const ExprPtr& arg : e->args) {
    if (wants_double(arg, form)) return true;
  }
  return false;
}

}  // namespace

DType scalar_type(const Contraction& form) {
  if (form.accumulate == DType::f64 || wants_double(form.epilogue, form)) return DType::f64;
  if (is_integer(form.accumulate) && stays_integer(form.epilogue, form)) return DType::i32;
  return DType::f32;
}

void visit_scalar(const ExprPtr& expr, const std::function<void(const Expr& leaf)>& leaf) {
  if (expr->kind != Expr::Kind::apply) return leaf(*expr);
  switch (expr->function) {
    case Function::add:
    case Function::subtract:
    case Function::multiply:
    case Function::divide:
    case Function::select:
      for (std::size_t i = expr->args.size(); i-- > 0;) visit_scalar(expr->args[i], leaf);
      return;
    default:
      for (const ExprPtr& arg : expr->args) visit_scalar(arg, leaf);
  }
}

}  // namespace perftune
