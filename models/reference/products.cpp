// Matrix products.
#include <algorithm>

#include "models/reference.hpp"

namespace perftune {
namespace {

using Specs = std::optional<std::vector<ArraySpec>>;
using Outputs = std::span<const ArrayView>;

// Shapes of a MatMul with vectors made matrices (numpy.matmul).
struct Product {
  Shape a, b, batch;
  std::int64_t m = 1, n = 1, k = 1;
  Shape result;  // as the operator gives it
};

Product product_of(const OpCall& call) {
  Product p{call.in(0).shape(), call.in(1).shape(), {}, 1, 1, 1, {}};
  const bool row = p.a.size() == 1, column = p.b.size() == 1;
  if (p.a.empty() || p.b.empty()) call.fail("multiplies a scalar");
  if (row) p.a.insert(p.a.begin(), 1);
  if (column) p.b.push_back(1);
  p.m = p.a[p.a.size() - 2];
  p.k = p.a.back();
  p.n = p.b.back();
  const auto batch = broadcast(Shape(p.a.begin(), p.a.end() - 2), Shape(p.b.begin(), p.b.end() - 2));
  if (p.b[p.b.size() - 2] != p.k || !batch)
    call.fail("cannot multiply " + text(call.in(0).shape()) + " by " + text(call.in(1).shape()));
  p.batch = *batch;
  p.result = p.batch;
  if (!row) p.result.push_back(p.m);
  if (!column) p.result.push_back(p.n);
  return p;
}

Specs matmul(const OpCall& call) {
  const bool integer = call.node->op == "MatMulInteger";
  return {{{integer ? Element::i32 : call.in(0).type(), product_of(call).result}}};
}

void run_matmul(const OpCall& call, Outputs outputs) {
  const Product p = product_of(call);
  const bool integer = call.node->op == "MatMulInteger";
  const Shape batch_a = broadcast_strides(Shape(p.a.begin(), p.a.end() - 2), p.batch);
  const Shape batch_b = broadcast_strides(Shape(p.b.begin(), p.b.end() - 2), p.batch);
  const auto zero = [&](std::size_t input, std::int64_t at) {
    if (!integer || !call.has(input)) return 0.0;
    return read_real(call.in(input), call.in(input).elements() == 1 ? 0 : at);
  };
  for_each_point(p.batch, {batch_a, batch_b}, [&](std::int64_t at, const std::vector<std::int64_t>& from) {
    for (std::int64_t i = 0; i < p.m; ++i)
      for (std::int64_t j = 0; j < p.n; ++j) {
        double sum = 0;
        for (std::int64_t k = 0; k < p.k; ++k)
          sum += (read_real(call.in(0), (from[0] * p.m + i) * p.k + k) - zero(2, i)) *
                 (read_real(call.in(1), (from[1] * p.k + k) * p.n + j) - zero(3, j));
        write_real(outputs[0], (at * p.m + i) * p.n + j, sum);
      }
  });
}

Specs gemm(const OpCall& call) {
  const Shape &a = call.in(0).shape(), &b = call.in(1).shape();
  if (a.size() != 2 || b.size() != 2) call.fail("takes two matrices");
  const bool ta = call.node->integer("transA", 0) != 0, tb = call.node->integer("transB", 0) != 0;
  if (a[ta ? 0 : 1] != b[tb ? 1 : 0]) call.fail("cannot multiply " + text(a) + " by " + text(b));
  const Shape to{a[ta ? 1 : 0], b[tb ? 0 : 1]};
  if (call.has(2) && broadcast(call.in(2).shape(), to) != to) call.fail("its third input does not broadcast");
  return {{{call.in(0).type(), to}}};
}

void run_gemm(const OpCall& call, Outputs outputs) {
  const Shape &a = call.in(0).shape(), &b = call.in(1).shape(), &to = outputs[0].shape();
  const bool ta = call.node->integer("transA", 0) != 0, tb = call.node->integer("transB", 0) != 0;
  const double alpha = call.node->real("alpha", 1), beta = call.node->real("beta", 1);
  const std::int64_t depth = a[ta ? 0 : 1];
  const Shape strides = call.has(2) ? broadcast_strides(call.in(2).shape(), to) : Shape{0, 0};
  for (std::int64_t i = 0; i < to[0]; ++i)
    for (std::int64_t j = 0; j < to[1]; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < depth; ++k)
        sum += read_real(call.in(0), ta ? k * a[1] + i : i * a[1] + k) * read_real(call.in(1), tb ? j * b[1] + k : k * b[1] + j);
      const double c = call.has(2) ? read_real(call.in(2), i * strides[0] + j * strides[1]) : 0;
      write_real(outputs[0], i * to[1] + j, alpha * sum + beta * c);
    }
}

}  // namespace

void add_products(ReferenceOps& ops) {
  ops["MatMul"] = {matmul, run_matmul};
  ops["MatMulInteger"] = {matmul, run_matmul};
  ops["Gemm"] = {gemm, run_gemm};
}

}  // namespace perftune
