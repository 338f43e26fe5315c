// Which nodes become one kernel.
#include <unistd.h>

#include <gmock/gmock.h>

#include "tests/models/model_fixture.hpp"

namespace perftune::testing {
namespace {

using ::testing::ElementsAre;
using Lowering = ModelTest;

TEST_F(Lowering, a_product_takes_its_bias_and_gelu_written_with_erf) {
  ModelMaker m;
  m.output(m.gelu(m.dense(m.input("x", {32, 24}), 24, 40)));
  const LoweredGraph graph = lowered(m);
  EXPECT_THAT(kernels(graph), ElementsAre("MatMul+Add+Div+Erf+3"));
  // The sum is computed once, whatever the expression does with it.
  const double products = 2.0 * 32 * 24 * 40;
  EXPECT_LT(graph.steps[0].kernel->op.flops(), products * 1.5);
}

TEST_F(Lowering, attention_is_products_norms_and_one_softmax) {
  const LoweredGraph graph = lowered(attention_block(), {"d1=2"});
  EXPECT_THAT(kernels(graph),
              ElementsAre("MatMul+Add", "MatMul+Add", "MatMul+Add", "MatMul+Div", "Softmax", "MatMul+Transpose", "MatMul+Add+Add",
                          "ReduceMean+Sub+Pow+ReduceMean+5", "MatMul+Add+Div+Erf+3", "MatMul+Add+Add", "ReduceMean+Sub+Pow+ReduceMean+5"));
}

TEST_F(Lowering, equal_operators_are_counted_not_repeated) {
  const auto points = model_operators(lowered(attention_block(), {"d1=2"}));
  double calls = 0;
  for (const auto& point : points) calls += point.weight;
  EXPECT_EQ(calls, 11);
  EXPECT_EQ(points[0].weight, 3) << "query, key and value are one operator";
}

TEST_F(Lowering, dense_layers_that_share_an_input_become_one_where_it_pays) {
  std::vector<std::int64_t> asked;
  const auto yes = [&](const Shape& input, const std::vector<std::int64_t>& widths) {
    EXPECT_EQ(input, (Shape{2, 16, 32}));
    asked = widths;
    return true;
  };
  const LoweredGraph combined = lowered(attention_block(), {"d1=2"}, yes);
  EXPECT_THAT(asked, ElementsAre(32, 32, 32));
  EXPECT_EQ(kernels(combined).size(), 9U) << "query, key and value are views of one product";
  const auto no = [](const Shape&, const std::vector<std::int64_t>&) { return false; };
  EXPECT_EQ(kernels(lowered(attention_block(), {"d1=2"}, no)).size(), 11U);
}

TEST_F(Lowering, residual_and_norm_are_one_kernel) {
  ModelMaker m;
  const std::string x = m.input("x", {8, 32}), r = m.input("r", {8, 32});
  m.output(m.layer_norm(m.node("Add", {x, r}), 32));
  EXPECT_THAT(kernels(lowered(m)), ElementsAre("Add+ReduceMean+Sub+Pow+6"));
}

TEST_F(Lowering, softmax_takes_scale_and_mask) {
  ModelMaker m;
  const std::string x = m.input("x", {2, 4, 16, 16}), mask = m.input("mask", {2, 1, 1, 16});
  const std::string y = m.node("Softmax", {m.node("Add", {m.node("Mul", {x, m.scalar(0.5F)}), mask})});
  m.attribute("axis", std::int64_t{3});
  m.output(y);
  EXPECT_THAT(kernels(lowered(m)), ElementsAre("Mul+Add+Softmax"));
}

TEST_F(Lowering, views_cost_nothing) {
  ModelMaker m;
  const std::string x = m.input("x", {6, 8});
  std::string y = m.node("Transpose", {x});
  y = m.node("Unsqueeze", {y, m.ints({0})});
  y = m.node("Slice", {y, m.ints({2}), m.ints({8}), m.ints({1}), m.ints({2})});
  m.output(m.node("Relu", {y}));
  EXPECT_THAT(kernels(lowered(m)), ElementsAre("Relu"));
}

TEST_F(Lowering, what_two_readers_need_is_not_swallowed) {
  ModelMaker m;
  const std::string x = m.input("x", {16, 16});
  const std::string shared = m.node("Relu", {m.node("MatMul", {x, m.floats({16, 16})})});
  m.output(m.node("MatMul", {shared, m.floats({16, 8})}));
  m.output(m.node("Softmax", {shared}));
  EXPECT_EQ(kernels(lowered(m)).size(), 3U);
}

TEST_F(Lowering, what_kernels_do_not_compute_is_named) {
  const LoweredGraph graph = lowered(odd_operators());
  const ModelReport report = report_of(graph);
  EXPECT_EQ(report.reference.at("NonZero"), 1);
  EXPECT_EQ(report.reference.at("ArgMax"), 1);
  EXPECT_NE(text(report, "odd").find("NonZero"), std::string::npos);
}

}  // namespace
}  // namespace perftune::testing
