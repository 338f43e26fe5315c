#include "codegen/contraction_match.hpp"

#include <algorithm>

#include "recipes/words.hpp"

namespace perftune {
namespace {

void collect_reductions(const ExprPtr& e, std::vector<ExprPtr>& found) {
  if (e->kind == Expr::Kind::reduce) {
    const bool known = std::any_of(found.begin(), found.end(),
                                   [&](const ExprPtr& other) { return same(other, e); });
    if (!known) found.push_back(e);
    return;
  }
  for (const ExprPtr& arg : e->args) collect_reductions(arg, found);
}

// `e` with every occurrence of the reduction `sum` replaced.
ExprPtr replace(const ExprPtr& e, const ExprPtr& sum, const ExprPtr& by) {
  if (e == sum || (e->kind == Expr::Kind::reduce && same(e, sum))) return by;
  if (e->args.empty()) return e;
  Expr copy = *e;
  for (ExprPtr& arg : copy.args) arg = replace(arg, sum, by);
  return std::make_shared<const Expr>(std::move(copy));
}

// Every value of `from` is a value of `to`: the cast changes nothing.
bool lossless(DType from, DType to) {
  if (from == to || to == DType::f64) return true;
  if (from == DType::boolean) return true;
  switch (to) {
    case DType::f32:
      return from != DType::f64 && from != DType::i32;
    case DType::tf32:
      return from == DType::f16 || from == DType::bf16 || from == DType::f8e4m3 ||
             from == DType::f8e5m2 || from == DType::i8 || from == DType::u8;
    case DType::f16:
      return from == DType::f8e4m3 || from == DType::f8e5m2 || from == DType::i8 ||
             from == DType::u8;
    case DType::bf16:
      return from == DType::f8e4m3 || from == DType::f8e5m2 || from == DType::i8 ||
             from == DType::u8;
    case DType::i32:
      return from == DType::i8 || from == DType::u8;
    default:
      return false;
  }
}

bool index_uses(const Index& index, const std::vector<int>& axes) {
  return std::any_of(index.terms.begin(), index.terms.end(), [&](const Index::Term& term) {
    if (term.atom == Index::Atom::axis) {
      return std::find(axes.begin(), axes.end(), term.axis) != axes.end();
    }
    return std::any_of(term.operands.begin(), term.operands.end(),
                       [&](const Index& inner) { return index_uses(inner, axes); });
  });
}

bool read_uses(const ExprPtr& read, const std::vector<int>& axes) {
  return std::any_of(read->indices.begin(), read->indices.end(),
                     [&](const Index& index) { return index_uses(index, axes); });
}

// The body of the sum as a product: reads, and the part `scale` that leaves the sum.
class Product {
 public:
  explicit Product(const Operator& op) : op_(op) {}

  std::vector<ContractionMatch::Factor> factors;
  ExprPtr scale;  // constants; null: 1
  std::string why_not;

  bool add(const ExprPtr& e) {
    switch (e->kind) {
      case Expr::Kind::constant:
        multiply_scale(e);
        return true;
      case Expr::Kind::read:
        factors.push_back({e, op_.tensors[static_cast<std::size_t>(e->tensor)].type});
        return true;
      case Expr::Kind::apply:
        return add_apply(*e);
      case Expr::Kind::axis:
        return fail("its sum multiplies by the value of an axis");
      default:
        return fail("its sum contains another reduction");
    }
  }

  void multiply_scale(const ExprPtr& e) {
    scale = scale ? make_apply(Function::multiply, {scale, e}) : e;
  }

 private:
  bool add_apply(const Expr& e) {
    switch (e.function) {
      case Function::multiply:
        return add(e.args[0]) && add(e.args[1]);
      case Function::negate:
        multiply_scale(make_constant(-1));
        return add(e.args[0]);
      case Function::divide:
        if (e.args[1]->kind != Expr::Kind::constant) break;
        multiply_scale(make_apply(Function::divide, {make_constant(1), e.args[1]}));
        return add(e.args[0]);
      case Function::cast:
        return add_cast(e);
      default:
        break;
    }
    return fail(
        words("its sum is over '{}', not over a product of two reads", name(e.function)));
  }

  bool add_cast(const Expr& e) {
    const ExprPtr& inner = e.args[0];
    if (inner->kind == Expr::Kind::read) {
      const DType from = op_.tensors[static_cast<std::size_t>(inner->tensor)].type;
      if (from == DType::f32 && e.type == DType::tf32) {
        factors.push_back({inner, DType::tf32});
        return true;
      }
      if (lossless(from, e.type)) return add(inner);
      return fail(words("a factor is rounded from {} to {} before it is multiplied",
                              name(from), name(e.type)));
    }
    // A cast of the whole product to what it is accumulated in, or finer, says nothing new.
    if (lossless(op_.accumulate, e.type)) return add(inner);
    return fail(words("its product is rounded to {} before it is summed", name(e.type)));
  }

  bool fail(std::string text) {
    why_not = std::move(text);
    return false;
  }

  const Operator& op_;
};

// With more than two reads, those that the reduced axes do not index leave the sum.
void hoist_reads(Product& product, const std::vector<int>& reduced) {
  for (auto it = product.factors.begin(); it != product.factors.end();) {
    if (product.factors.size() > 2 && !read_uses(it->read, reduced)) {
      product.multiply_scale(it->read);
      it = product.factors.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace

std::optional<ContractionMatch> match_contraction(const Operator& op, const Statement& statement,
                                                  std::string& why_not) {
  std::vector<ExprPtr> reductions;
  collect_reductions(statement.value, reductions);
  if (reductions.empty()) {
    why_not = "it has no sum";
    return std::nullopt;
  }
  if (reductions.size() > 1) {
    why_not = words("it has {} different reductions where a contraction has one sum",
                          reductions.size());
    return std::nullopt;
  }
  ContractionMatch match;
  ExprPtr body = reductions.front();
  while (body->kind == Expr::Kind::reduce) {  // sum over a sum is one sum
    if (body->reduction != Reduction::sum) {
      why_not = words("it reduces by {}, not by sum", name(body->reduction));
      return std::nullopt;
    }
    match.reduced.insert(match.reduced.end(), body->axes.begin(), body->axes.end());
    body = body->args[0];
  }

  Product product(op);
  if (!product.add(body)) {
    why_not = product.why_not;
    return std::nullopt;
  }
  hoist_reads(product, match.reduced);
  if (product.factors.size() != 2) {
    why_not = words("its sum is over a product of {} read{}, not of two",
                          product.factors.size(), product.factors.size() == 1 ? "" : "s");
    return std::nullopt;
  }
  match.factors = product.factors;

  Expr finished;
  finished.kind = Expr::Kind::accumulator;
  ExprPtr result = std::make_shared<const Expr>(std::move(finished));
  if (product.scale) result = make_apply(Function::multiply, {result, product.scale});
  match.epilogue = replace(statement.value, reductions.front(), result);
  return match;
}

}  // namespace perftune
