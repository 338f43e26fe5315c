#include "executor/plain_product.hpp"

#include <fmt/format.h>

#include "codegen/contraction.hpp"

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

}  // namespace

std::optional<PlainProduct> plain_product(const Operator& op, std::string& why_not) {
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
  if (form.epilogue && form.epilogue->kind != Expr::Kind::accumulator) {
    why_not = "more than a matrix product: something is done to the sum";
    return std::nullopt;
  }
  const auto a = matrix(form, form.a, Group::m, Group::k);
  const auto b = matrix(form, form.b, Group::k, Group::n);
  const auto c = matrix(form, form.c, Group::m, Group::n);
  if (!a || !b || !c || c->transposed) {
    why_not = "a matrix of it has neither contiguous rows nor contiguous columns";
    return std::nullopt;
  }
  return PlainProduct{form.extent(Group::batch), form.extent(Group::m), form.extent(Group::n),
                      form.extent(Group::k),     *a,                    *b,
                      *c,                        form.accumulate};
}

}  // namespace perftune
