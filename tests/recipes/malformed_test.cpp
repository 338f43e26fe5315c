// Every kind of mistake in an operator file, with the exact place and advice that the user sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

std::string failure(const std::string& text) {
  try {
    parse_operator_text(text, "f");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.exit_code(), 2);
    return error.what();
  }
  return "accepted";
}

// A matmul whose statement, on line 5 from column 5, is `statement`.
std::string with_statement(const std::string& statement) {
  return "dims: {m: 4, n: 5, k: 6}\ninputs: {A: \"f32[m,k]\", B: \"f32[k,n]\"}\n"
         "outputs: {C: \"f32[m,n]\"}\ncompute:\n  - " +
         statement + "\n";
}

std::string statement_failure(const std::string& statement) {
  return failure(with_statement(statement));
}

TEST(Malformed, TheStatementThatOthersAreVariantsOfIsAccepted) {
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m,k] * B[k,n])"), "accepted");
}

// ---- YAML

TEST(Malformed, Yaml) {
  EXPECT_EQ(failure(""), "f:1:1: the file is empty");
  EXPECT_EQ(failure("name: x\nname: y"),
            "f:2:1: duplicate key 'name'; it is already given on line 1");
  EXPECT_EQ(failure("nmae: x"), "f:1:1: unknown key 'nmae'; did you mean 'name'?");
  EXPECT_EQ(failure("name: &a x"), "f:1:7: anchors are not accepted; write the value out");
  EXPECT_EQ(failure("name: *a"), "f:1:7: not valid YAML: the referenced anchor is not defined");
  EXPECT_EQ(failure("name: !!str x"), "f:1:7: tags are not accepted; remove the tag");
  EXPECT_EQ(failure("name: x\ndims: {m: 4, n: [5\n"), "f:2:17: '[' is never closed; add ']'");
  EXPECT_EQ(failure("name: x\ndims: {m: 4,\n  n: 5\ncompute: []\n"),
            "f:2:7: '{' is never closed; add '}'");
  EXPECT_EQ(failure("name: x\n---\nname: y"), "f:1:1: more than one YAML document");
  EXPECT_EQ(failure("[name]"), "f:1:1: an operator file must be a map; write {key: value, ...}");
  EXPECT_EQ(failure("name: x\ncompute: y"), "f:1:1: the key 'outputs' is missing");
  EXPECT_EQ(failure(std::string("name: \0", 7)),
            "f:1:1: the file holds a zero byte; expected YAML text");
  EXPECT_EQ(failure(std::string((1 << 20) + 1, ' ')), "f:1:1: the file is larger than 1 MiB");
  EXPECT_EQ(failure("name: " + std::string(100, '[') + std::string(100, ']')),
            "f:1:70: nested too deeply; at most 64 levels");
}

TEST(Malformed, YamlNestedTenThousandDeepIsRefusedNotOverflowing) {
  EXPECT_THAT(failure("name: " + std::string(10000, '[')), testing::StartsWith("f:1:"));
  EXPECT_THAT(failure("name: " + std::string(10000, '{')), testing::StartsWith("f:1:"));
  EXPECT_THAT(failure(std::string(10000, '-')), testing::StartsWith("f:1:"));
}

// ---- dimensions and tensors

TEST(Malformed, Dimensions) {
  EXPECT_EQ(failure("dims: {m: 0}\noutputs: {C: \"f32[m]\"}\ncompute: [\"C[m] = 1\"]"),
            "f:1:11: the dimension 'm' is 0; extents are at least 1");
  EXPECT_EQ(failure("dims: {m: -3}\noutputs: {C: \"f32[m]\"}\ncompute: [\"C[m] = 1\"]"),
            "f:1:11: the dimension 'm' is -3; extents are at least 1");
  EXPECT_EQ(failure("dims: {m: 3.5}\noutputs: {C: \"f32[m]\"}\ncompute: [\"C[m] = 1\"]"),
            "f:1:11: the dimension 'm' must be an integer, not '3.5'");
  EXPECT_EQ(
      failure("dims: {m: 99999999999999999999}\noutputs: {C: \"f32[m]\"}\ncompute: [\"C[m] = 1\"]"),
      "f:1:11: the dimension 'm' is too large: 99999999999999999999");
  EXPECT_EQ(failure("dims: {m: {range: [1, 8], points: [1, 9]}}\noutputs: {C: "
                    "\"f32[m]\"}\ncompute: [\"C[m] = 1\"]"),
            "f:1:39: 9 lies outside the range 1 to 8");
  EXPECT_EQ(failure("dims: {m: 4, q: 5}\noutputs: {C: \"f32[m]\"}\ncompute: [\"C[m] = 1\"]"),
            "f:1:14: the dimension 'q' is never used; remove it");
  EXPECT_EQ(failure("dims: {max: 4}\noutputs: {C: \"f32[max]\"}\ncompute: [\"C[i] = 1\"]"),
            "f:1:8: 'max' is a function and cannot name a dimension; choose another name");
  EXPECT_EQ(failure("dims: {m: 4}\nlet: {a: b + 1, b: a + m}\noutputs: {C: \"f32[a]\"}\ncompute: "
                    "[\"C[i] = 1\"]"),
            "f:2:10: 'b' is used before it is defined; define it earlier; definitions cannot form "
            "a cycle");
  EXPECT_EQ(
      failure(
          "dims: {m: 4}\nlet: {a: m / (m - 4)}\noutputs: {C: \"f32[a]\"}\ncompute: [\"C[i] = 1\"]"),
      "f:2:17: division by 0; divisors are positive");
  EXPECT_EQ(failure("dims: {m: 4}\noutputs: {C: \"f32[m - 4]\"}\ncompute: [\"C[i] = 1\"]"),
            "f:2:21: an extent of 'C' is 0; extents are at least 1");
}

TEST(Malformed, ProductsOfDimensionsThatOverflow) {
  EXPECT_EQ(
      failure("dims: {m: 4294967296}\noutputs: {C: \"f32[m, m]\"}\ncompute: [\"C[i,j] = 1\"]"),
      "f:2:22: 'C' has 2^62 elements or more; use smaller dimensions");
  EXPECT_EQ(failure("dims: {m: 9223372036854775807}\nlet: {a: m + 1}\noutputs: {C: "
                    "\"f32[a]\"}\ncompute: [\"C[i] = 1\"]"),
            "f:2:12: the value does not fit 63 bits");
  EXPECT_EQ(failure("dims: {m: 2147483648, k: 2147483648}\ninputs: {A: \"f32[m,k]\"}\n"
                    "outputs: {C: \"f32[m]\"}\ncompute: [\"C[m] = sum[k](A[m,k])\"]"),
            "f:2:20: 'A' has 2^62 elements or more; use smaller dimensions");
}

TEST(Malformed, Tensors) {
  EXPECT_EQ(
      failure("dims: {m: 4}\ninputs: {A: \"f15[m]\"}\noutputs: {C: \"f32[m]\"}\ncompute: [\"C[m] = "
              "A[m]\"]"),
      "f:2:14: unknown type 'f15'; types: f64 f32 tf32 f16 bf16 f8e4m3 f8e5m2 i32 i8 u8 bool");
  EXPECT_EQ(failure("dims: {m: 4}\ninputs: {A: \"f16[mm]\"}\noutputs: {C: \"f32[m]\"}\ncompute: "
                    "[\"C[m] = A[m]\"]"),
            "f:2:18: unknown dimension 'mm'; define it under dims: or, earlier, under let:");
  EXPECT_EQ(failure("dims: {m: 4}\ninputs: {A: \"f16[m]\", B: \"f16[m]\"}\noutputs: {C: "
                    "\"f32[m]\"}\ncompute: [\"C[m] = A[m]\"]"),
            "f:2:27: 'B' is never read; remove it");
  EXPECT_EQ(
      failure("dims: {m: 4}\noutputs: {C: \"f32[m]\", D: \"f32[m]\"}\ncompute: [\"C[m] = 1\"]"),
      "f:2:28: 'D' is never assigned; add a statement under compute:");
  EXPECT_EQ(failure("dims: {m: 4}\ninputs: {A: \"f16[m\"}\noutputs: {C: \"f32[m]\"}\ncompute: "
                    "[\"C[m] = A[m]\"]"),
            "f:2:19: the text ends too early; expected ',' or ']'");
  EXPECT_EQ(failure("dims: {m: 4}\noutputs: {C: \"f32[m]\"}\npad: {I: 0}\ncompute: [\"C[m] = 1\"]"),
            "f:3:7: unknown tensor 'I'");
}

// ---- statements

TEST(Malformed, UnknownNames) {
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m,k] * BB[k,n])"),
            "f:5:30: unknown tensor 'BB'; did you mean 'B'?");
  EXPECT_EQ(statement_failure("C[m,n] = gleu(sum[k](A[m,k] * B[k,n]))"),
            "f:5:14: unknown function 'gleu'; did you mean 'gelu'?");
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m,k] * B[k,n]) + alpha"),
            "f:5:40: unknown name 'alpha'");
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m,k] * B[k,n+q])"), "f:5:36: unknown index 'q'");
  EXPECT_EQ(statement_failure("C[m,n] = sum[z](A[m,k] * B[k,n])"),
            "f:5:18: nothing fixes the extent of the index 'z'; name it like a dimension, or let "
            "it stand alone as a subscript once");
}

TEST(Malformed, Ranks) {
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m] * B[k,n])"),
            "f:5:21: 'A' has 2 dimensions but 1 subscripts");
  EXPECT_EQ(statement_failure("C[m] = sum[k](A[m,k] * B[k,m])"),
            "f:5:5: 'C' has 2 dimensions but 1 subscripts");
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m,k] * B)"),
            "f:5:30: 'B' has 2 dimensions but 0 subscripts");
}

TEST(Malformed, ReadsOutsideATensor) {
  EXPECT_EQ(
      statement_failure("C[m,n] = sum[k](A[m,k+1] * B[k,n])"),
      "f:5:26: 'A' is read outside: the subscript runs from 1 to 6, the dimension from 0 to 5; "
      "declare what lies outside, pad: {A: 0}, or change the extents");
  EXPECT_EQ(
      statement_failure("C[m,n] = sum[k](A[m,k] * B[k,n-2])"),
      "f:5:35: 'B' is read outside: the subscript runs from -2 to 2, the dimension from 0 to 4; "
      "declare what lies outside, pad: {B: 0}, or change the extents");
  EXPECT_EQ(
      statement_failure("C[m,n] = sum[k](A[m,k] * B[k,n]) + A[n,m]"),
      "f:5:42: 'A' is read outside: the subscript runs from 0 to 4, the dimension from 0 to 3; "
      "declare what lies outside, pad: {A: 0}, or change the extents");
  EXPECT_EQ(failure(with_statement("C[m,n] = sum[k](A[m,k+1] * B[k,n])") + "pad: {A: 0}\n"),
            "accepted");
}

TEST(Malformed, PlacesInsideQuotedFoldedAndBlockScalars) {
  EXPECT_EQ(statement_failure("\"C[m,n] = sum[k](A[m,k] * B[k,q])\""), "f:5:35: unknown index 'q'");
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m,k]\n      * B[k,q])"),
            "f:6:13: unknown index 'q'");
  EXPECT_EQ(statement_failure("|\n    C[m,n] = sum[k](\n      A[m,k] * B[k,q])"),
            "f:7:20: unknown index 'q'");
}

TEST(Malformed, Assignments) {
  const std::string good = "C[m,n] = sum[k](A[m,k] * B[k,n])";
  EXPECT_EQ(statement_failure(good + "\n  - C[m,n] = 1"),
            "f:6:5: 'C' is assigned twice; one statement assigns a whole tensor");
  EXPECT_EQ(statement_failure("A[m,k] = 1\n  - " + good),
            "f:5:5: the input 'A' cannot be assigned");
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m,k] * B[k,n]) + C[m,n]"),
            "f:5:40: 'C' is read before it is assigned; statements run in file order and cannot "
            "form a cycle");
  EXPECT_EQ(statement_failure("C[m,n] = T[m,n]\n  - T[m,n] = C[m,n] + sum[k](A[m,k] * B[k,n])"),
            "f:5:14: 'T' is read before it is assigned; statements run in file order and cannot "
            "form a cycle");
  EXPECT_EQ(statement_failure("T[m] = sum[k](A[m,k])\n  - " + good),
            "f:5:5: 'T' is never read; remove it");
  EXPECT_EQ(
      statement_failure("C[m,m] = sum[k](A[m,k] * B[k,m])"),
      "f:5:9: the index 'm' is used twice; every subscript of the left side needs its own index");
  EXPECT_EQ(statement_failure("C[n,m] = sum[k](A[m,k] * B[k,n])"),
            "f:5:7: the index runs over 5 elements but the dimension has 4; every element of the "
            "output must be assigned");
  EXPECT_EQ(statement_failure("C[m,2*i] = sum[k](A[m,k])"),
            "f:5:11: nothing fixes the extent of the index 'i'; name it like a dimension, or let "
            "it stand alone as a subscript once");
}

TEST(Malformed, Reductions) {
  EXPECT_EQ(statement_failure("C[m,n] = sum[](A[m,n])"),
            "f:5:18: a sum over nothing; name the axes: sum[k](...)");
  EXPECT_EQ(statement_failure("C[m,n] = sum(A[m,n])"),
            "f:5:14: 'sum' does not say what it runs over; write sum[k](...)");
  EXPECT_EQ(
      statement_failure("C[m,n] = sum[k](A[m,n])"),
      "f:5:18: a sum over nothing: its value does not depend on 'k'; index something with it");
  EXPECT_EQ(
      statement_failure("C[m,n] = A[m,k] * B[k,n]"),
      "f:5:18: 'k' is not an index here; put it on the left side or reduce over it: sum[k](...)");
  EXPECT_EQ(statement_failure("C[m,n] = sum[m](A[m,n])"),
            "f:5:18: 'm' is already an index here; reduce over another name");
}

TEST(Malformed, Texts) {
  EXPECT_EQ(statement_failure("C[m,n] = "), "f:5:13: the text ends too early; expected a value");
  EXPECT_EQ(statement_failure("C[m,n] sum[k](A[m,k] * B[k,n])"),
            "f:5:12: unexpected 'sum'; expected '='");
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m,k] * B[k,n]"),
            "f:5:36: the text ends too early; expected ')'");
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m,k] ^ B[k,n])"),
            "f:5:28: unexpected character '^'");
  EXPECT_EQ(statement_failure("C[m,n] = 2A[m,n]"),
            "f:5:15: unexpected 'A' after a number; write a product with '*'");
  EXPECT_EQ(statement_failure("C[m,n] = select(A[m,n], 1)"),
            "f:5:14: 'select' takes 3 arguments, not 2");
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](cast(A[m,k], f17) * B[k,n])"),
            "f:5:34: the second argument of cast is a type; cast(x, f16)");
  EXPECT_EQ(statement_failure("C[m,n] = sum[k](A[m,k*n] * B[k,n])"),
            "f:5:26: a subscript cannot multiply two indices; one factor must be constant");
  EXPECT_EQ(statement_failure("C[m,n] = 1 / 0"), "f:5:16: the constant expression has no value");
  EXPECT_EQ(statement_failure("C[m,n] = 1e999"), "f:5:14: the number is out of range");
}

TEST(Malformed, DeepExpressionsAreRefusedNotOverflowing) {
  EXPECT_EQ(statement_failure("C[m,n] = " + std::string(100000, '(')),
            "f:5:214: nested too deeply; at most 200 levels");
  EXPECT_THAT(statement_failure("C[m,n] = " + std::string(100000, '-') + "1"),
              testing::HasSubstr("nested too deeply"));
  std::string chain = "C[m,n] = 1";
  for (int i = 0; i < 100000; ++i) chain += "+1";
  EXPECT_THAT(statement_failure(chain), testing::HasSubstr("nested too deeply"));
}

TEST(Malformed, IndirectionIsOneLevelOfIntegers) {
  const auto gather = [](const std::string& type, const std::string& statement) {
    return failure("dims: {m: 4}\ninputs: {T: \"f32[m]\", id: \"" + type +
                   "[m]\"}\noutputs: {C: \"f32[m]\"}\ncompute: [\"" + statement + "\"]");
  };
  EXPECT_EQ(gather("i32", "C[m] = T[id[m]]"), "accepted");
  EXPECT_EQ(gather("f32", "C[m] = T[id[m]]"),
            "f:4:21: 'id' holds f32; a tensor used as a subscript holds i32, i8 or u8");
  EXPECT_EQ(gather("i32", "C[m] = T[id[id[m]]]"),
            "f:4:24: a second level of indirection; one level is allowed: T[idx[i], j]");
}

}  // namespace
}  // namespace perftune
