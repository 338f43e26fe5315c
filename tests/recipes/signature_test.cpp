// Signatures: equal for the same computation in other words, different for another one.
#include <gtest/gtest.h>

#include <string>

#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

Operator parse(const std::string& text) { return parse_operator_text(text, "test.yaml").at(0).op; }

// y of x[m,n], z[m,n] and v[n] by the given statements.
std::string with(const std::string& statements,
                 const std::string& inputs = "x: \"f32[m,n]\", z: \"f32[m,n]\", v: \"f32[n]\"") {
  return "dims: {m: 4, n: 6}\ninputs: {" + inputs + "}\noutputs: {y: \"f32[m,n]\"}\ncompute: [" +
         statements + "]\n";
}

void expect_same(const std::string& a, const std::string& b) {
  EXPECT_EQ(parse(with(a)).signature(), parse(with(b)).signature()) << a << "\n" << b;
  EXPECT_EQ(parse(with(a)).structure(), parse(with(b)).structure()) << a << "\n" << b;
}

void expect_different(const std::string& a, const std::string& b) {
  EXPECT_NE(parse(with(a)).signature(), parse(with(b)).signature()) << a << "\n" << b;
  EXPECT_NE(parse(with(a)).structure(), parse(with(b)).structure()) << a << "\n" << b;
}

TEST(Signature, OtherSpellingsOfOneComputation) {
  expect_same("\"y[m,n] = x[m,n] * z[m,n] + v[n]\"", "\"y[i,j] = v[j] + z[i,j] * x[i,j]\"");
  expect_same("\"y[m,n] = x[m,n] + z[m,n] + v[n]\"", "\"y[m,n] = x[m,n] + (v[n] + z[m,n])\"");
  expect_same("\"y[m,n] = x[m,n] - z[m,n] * v[n]\"", "\"y[m,n] = -(v[n] * z[m,n]) + x[m,n]\"");
  expect_same("\"y[m,n] = relu(x[m,n] + z[m,n] * v[n])\"",
              "\"y[m,n] = max(0, x[m,n] + z[m,n] * v[n])\"");
  expect_same("\"y[m,n] = select(x[m,n] > v[n], z[m,n], 1)\"",
              "\"y[m,n] = select(v[n] < x[m,n], z[m,n], 1)\"");
}

TEST(Signature, OrderAndNamesOfIndependentStatements) {
  expect_same(
      "\"a[m] = sum[n](x[m,n])\", \"b[m] = max[n](z[m,n])\", \"y[m,n] = a[m] * b[m] + v[n]\"",
      "\"q[i] = max[j](z[i,j])\", \"p[i] = sum[j](x[i,j])\", \"y[i,j] = v[j] + q[i] * p[i]\"");
  expect_same("\"y[m,n] = sum[i,j](x[i,j] * z[i,j]) * v[n]\"",
              "\"y[m,n] = sum[j](sum[i](z[i,j] * x[i,j])) * v[n]\"");
}

TEST(Signature, OtherComputations) {
  expect_different("\"y[m,n] = x[m,n] - z[m,n] * v[n]\"", "\"y[m,n] = x[m,n] + z[m,n] * v[n]\"");
  expect_different("\"y[m,n] = x[m,n] / (z[m,n] + v[n])\"",
                   "\"y[m,n] = (z[m,n] + v[n]) / x[m,n] + z[m,n]\"");
  expect_different("\"y[m,n] = x[m,n] * z[m,n] + v[n]\"", "\"y[m,n] = (x[m,n] + z[m,n]) * v[n]\"");
  expect_different(
      "\"a[m] = sum[n](x[m,n])\", \"b[m] = max[n](z[m,n])\", \"y[m,n] = a[m] * b[m] + v[n]\"",
      "\"a[m] = sum[n](x[m,n])\", \"b[m] = max[n](z[m,n])\", \"y[m,n] = a[m] * a[m] + b[m] * "
      "v[n]\"");
  // A shared operand is not two equal ones.
  expect_different("\"y[m,n] = x[m,n] * x[m,n] + z[m,n] * v[n]\"",
                   "\"y[m,n] = x[m,n] * z[m,n] + z[m,n] * v[n]\"");
}

TEST(Signature, HoldsTypesAndExtentsAndStructureOnlyTypes) {
  const std::string statement = "\"y[m,n] = x[m,n] / n\"";
  const Operator f32 = parse(with(statement, "x: \"f32[m,n]\""));
  const Operator f16 = parse(with(statement, "x: \"f16[m,n]\""));
  EXPECT_NE(f32.signature(), f16.signature());
  EXPECT_NE(f32.structure(), f16.structure());
  const Operator larger = f32.rebind({{"m", 40}, {"n", 60}});
  EXPECT_NE(f32.signature(), larger.signature());
  EXPECT_EQ(f32.structure(), larger.structure());
}

TEST(Signature, AnUnneededPadValueDoesNotShow) {
  const std::string text = with("\"y[m,n] = x[m,n]\"", "x: \"f32[m,n]\"");
  EXPECT_EQ(parse(text).signature(), parse(text + "pad: {x: 0}\n").signature());
}

}  // namespace
}  // namespace perftune
