// Matrix products as statements.
#include <fmt/format.h>

#include "models/lower/region_writer.hpp"

namespace perftune {

bool RegionWriter::product(const FlatNode& node, Inside& out) {
  inlined_ = true;
  const Shape &a = shape(node.inputs[0]), &b = shape(node.inputs[1]), &to = shape(node.outputs[0]);
  if (a.empty() || b.empty()) return decline("it multiplies a scalar");
  const bool row = a.size() == 1, column = b.size() == 1;
  const Subscript m = text_.axis("m", row ? 1 : a[a.size() - 2]), n = text_.axis("n", column ? 1 : b.back());
  const Subscript k = text_.axis("k", a.back());
  const std::size_t batches = to.size() - (row ? 0 : 1) - (column ? 0 : 1);
  for (std::size_t d = 0; d < batches; ++d) out.at.push_back(text_.axis("b", to[d]));
  const auto batch_of = [&](const Shape& shape) {
    std::vector<Subscript> at;
    for (std::size_t d = 0; d + 2 < shape.size(); ++d) {
      const Subscript& axis = out.at[batches - (shape.size() - 2) + d];
      at.push_back(shape[d] == 1 ? Subscript{"0", 1, "1"} : axis);
    }
    return at;
  };
  auto at_a = batch_of(a), at_b = batch_of(b);
  if (!row) at_a.push_back(m);
  at_a.push_back(k);
  at_b.push_back(k);
  if (!column) at_b.push_back(n);
  if (!row) out.at.push_back(m);
  if (!column) out.at.push_back(n);
  const std::string body = text_.read(node.inputs[0], at_a) + " * " + text_.read(node.inputs[1], at_b);
  out.text = k.extent == 1 ? "(" + body + ")" : fmt::format("sum[{}]({})", k.text, body);
  return true;
}

bool RegionWriter::gemm(const FlatNode& node, Inside& out) {
  inlined_ = true;
  const OpCall call = graph_.call(node);
  const bool ta = node.node.integer("transA", 0) != 0, tb = node.node.integer("transB", 0) != 0;
  const Shape &a = shape(node.inputs[0]), &b = shape(node.inputs[1]);
  const Subscript m = text_.axis("m", a[ta ? 1 : 0]), n = text_.axis("n", b[tb ? 0 : 1]), k = text_.axis("k", a[ta ? 0 : 1]);
  const std::string left = text_.read(node.inputs[0], ta ? std::vector{k, m} : std::vector{m, k});
  const std::string right = text_.read(node.inputs[1], tb ? std::vector{n, k} : std::vector{k, n});
  out.at = {m, n};
  out.text = k.extent == 1 ? fmt::format("({} * {})", left, right) : fmt::format("sum[{}]({} * {})", k.text, left, right);
  if (const double alpha = node.node.real("alpha", 1); alpha != 1) out.text = fmt::format("({} * {})", number_text(alpha), out.text);
  if (!call.has(2)) return true;
  const double beta = node.node.real("beta", 1);
  const std::string c = input_text(node.inputs[2], out.at);
  out.text = beta == 1 ? fmt::format("({} + {})", out.text, c) : fmt::format("({} + {} * {})", out.text, number_text(beta), c);
  return true;
}

}  // namespace perftune
