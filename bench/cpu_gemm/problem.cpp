#include "bench/cpu_gemm/problem.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "codegen/contraction.hpp"
#include "codegen/cpu/contraction_operand.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"

namespace perftune::bench {

Problem parse_problem(const std::string& text) {
  Problem p;
  p.label = text;
  if (text.ends_with(".yaml")) {
    const Operator op = read_operator_file(text).at(0).op;
    const Canonicalised canonical = canonicalise_contraction(op);
    if (!canonical.form) throw Error(ErrorKind::usage, text + ": " + canonical.why_not);
    const Contraction& form = *canonical.form;
    p.batch = form.extent(Group::batch), p.m = form.extent(Group::m);
    p.n = form.extent(Group::n), p.k = form.extent(Group::k);
    p.a_transposed = contiguous_group(form.a, {Group::m}) == 'm';
    p.b_transposed = contiguous_group(form.b, {Group::k}) == 'k';
    p.label = text.substr(text.rfind('/') + 1);
    return p;
  }
  char a = 'n', b = 'n';
  long m = 0, n = 0, k = 0;
  const int read = std::sscanf(text.c_str(), "%ldx%ldx%ld%c%c", &m, &n, &k, &a, &b);
  if (read != 3 && read != 5)
    throw Error(ErrorKind::usage, "'" + text + "' is no shape; expected 64x64x64 or 64x64x64nt");
  p.m = m, p.n = n, p.k = k;
  p.a_transposed = a == 't', p.b_transposed = b == 't';
  return p;
}

Operator operator_of(const Problem& p) {
  const std::string batch = p.batch > 1 ? "b," : "";
  const std::string a = batch + (p.a_transposed ? "k,m" : "m,k");
  const std::string b = batch + (p.b_transposed ? "n,k" : "k,n");
  const std::string text = fmt::format(
      "name: gemm\ndims: {{{}m: {}, n: {}, k: {}}}\n"
      "inputs: {{A: \"f32[{}]\", B: \"f32[{}]\"}}\noutputs: {{C: \"f32[{}m,n]\"}}\n"
      "compute:\n  - C[{}m,n] = sum[k](A[{}] * B[{}])\n",
      p.batch > 1 ? fmt::format("b: {}, ", p.batch) : "", p.m, p.n, p.k, a, b, batch, batch, a, b);
  return parse_operator_text(text, p.label).at(0).op;
}

}  // namespace perftune::bench
