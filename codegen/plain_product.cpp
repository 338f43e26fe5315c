#include "codegen/plain_product.hpp"

#include <algorithm>

namespace perftune {
namespace {

std::int64_t stride(const Access& access, Group group) { return access.strides(group).front(); }

// The matrix with `rows` outside and `columns` inside, of the sizes given; nullopt: neither is contiguous.
std::optional<PlainProduct::Matrix> matrix(const Contraction& form, const Access& access, Group rows,
                                           Group columns) {
  if (access.base != 0 || !access.bounds.empty()) return std::nullopt;
  const std::int64_t row = stride(access, rows), column = stride(access, columns);
  const std::int64_t row_count = form.extent(rows), column_count = form.extent(columns);
  PlainProduct::Matrix result;
  result.tensor = access.tensor;
  result.type = access.type;
  result.batch_stride = stride(access, Group::batch);
  if (column == 1 || column_count == 1) {
    result.leading = row_count == 1 ? column_count : row;
  } else if (row == 1 || row_count == 1) {
    result.transposed = true;
    result.leading = column;
  } else {
    return std::nullopt;
  }
  return result;
}

// Whether `access` is a plain vector along `along`: one element per point of it, the same elsewhere.
bool is_vector(const Access& access, Group along) {
  if (access.base != 0 || !access.bounds.empty()) return false;
  for (const Group group : all_groups) {
    const auto& strides = access.strides(group);
    const bool one = group == along && strides.size() == 1 && strides.front() == 1;
    if (!one && !std::ranges::all_of(strides, [](std::int64_t stride) { return stride == 0; })) return false;
  }
  return true;
}

std::optional<PlainProduct> product(const Operator& op, bool fused, std::string& why_not) {
  const Canonicalised canonical = canonicalise_contraction(op);
  if (!canonical.form) {
    why_not = "no matrix product: " + canonical.why_not;
    return std::nullopt;
  }
  const Contraction& form = *canonical.form;
  for (const Group group : all_groups) {
    if (form.group(group).size() == 1) continue;
    why_not = "not one matrix product: its axes do not merge into batch, m, n and k";
    return std::nullopt;
  }
  if (!fused && form.epilogue && form.epilogue->kind != Expr::Kind::accumulator) {
    why_not = "more than a matrix product: something is done to the sum";
    return std::nullopt;
  }
  const auto after = fused_epilogue(form, Group::n, why_not);
  if (!after) return std::nullopt;
  const auto a = matrix(form, form.a, Group::m, Group::k);
  const auto b = matrix(form, form.b, Group::k, Group::n);
  const auto c = matrix(form, form.c, Group::m, Group::n);
  if (!a || !b || !c || c->transposed) {
    why_not = "a matrix of it has neither contiguous rows nor contiguous columns";
    return std::nullopt;
  }
  return PlainProduct{form.extent(Group::batch), form.extent(Group::m), form.extent(Group::n),
                      form.extent(Group::k),     *a,                    *b,
                      *c,                        form.accumulate,      after->bias, after->activation};
}

}  // namespace

std::optional<FusedEpilogue> fused_epilogue(const Contraction& form, Group bias_along, std::string& why_not) {
  FusedEpilogue found;
  ExprPtr e = form.epilogue;
  const auto is = [&e](Function function) { return e->kind == Expr::Kind::apply && e->function == function; };
  if (!e || e->kind == Expr::Kind::accumulator) return found;
  if (is(Function::relu) || is(Function::gelu)) {
    found.activation = is(Function::relu) ? Activation::relu : Activation::gelu;
    e = e->args[0];
  }
  if (is(Function::add)) {
    const bool sum_first = e->args[0]->kind == Expr::Kind::accumulator;
    const ExprPtr sum = e->args[sum_first ? 0 : 1], other = e->args[sum_first ? 1 : 0];
    const auto read = std::ranges::find_if(form.extra_reads, [&](const ExprPtr& r) { return same(r, other); });
    if (other->kind == Expr::Kind::read && read != form.extra_reads.end()) {
      const Access& access = form.extra[static_cast<std::size_t>(read - form.extra_reads.begin())];
      if (access.type == form.c.type && is_vector(access, bias_along)) {
        found.bias = access.tensor;
        e = sum;
      }
    }
  }
  if (e->kind == Expr::Kind::accumulator) return found;
  why_not = "what is done to the sum is no bias, relu or gelu that libraries fuse";
  return std::nullopt;
}

std::optional<PlainProduct> plain_product(const Operator& op, std::string& why_not) {
  return product(op, false, why_not);
}

std::optional<PlainProduct> fused_product(const Operator& op, std::string& why_not) {
  return product(op, true, why_not);
}

}  // namespace perftune
