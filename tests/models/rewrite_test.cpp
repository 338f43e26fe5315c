// Rewrites keep what a model computes: the reference implementations run both.
#include <unistd.h>

#include "models/interpret.hpp"
#include "tests/models/model_fixture.hpp"

namespace perftune::testing {
namespace {

using Rewrite = ModelTest;

Arrays random_arrays(const FlatGraph& graph) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  Arrays arrays;
  for (const int input : graph.inputs) {
    auto array = std::make_shared<Array>(*graph.values[input].spec);
    for (std::int64_t i = 0; i < array->spec.elements(); ++i) write_real(array->view(), i, normal(random));
    arrays.push_back(std::move(array));
  }
  return arrays;
}

double largest_difference(const FlatGraph& a, const FlatGraph& b) {
  const Arrays inputs = random_arrays(a);
  const Arrays left = interpret(a, inputs), right = interpret(b, inputs);
  double largest = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i]->spec, right.at(i)->spec);
    for (std::int64_t e = 0; e < left[i]->spec.elements(); ++e)
      largest = std::max(largest, std::abs(read_real(left[i]->view(), e) - read_real(right[i]->view(), e)));
  }
  return largest;
}

int count(const FlatGraph& graph, const std::string& op) {
  int found = 0;
  for (const FlatNode& node : graph.nodes) found += node.node.op == op ? 1 : 0;
  return found;
}

TEST_F(Rewrite, batch_norm_goes_into_the_weights) {
  const FlatGraph before = specialise(read(convolutions()), {});
  FlatGraph after = before;
  fold_into_windows(after);
  EXPECT_EQ(count(before, "BatchNormalization"), 1);
  EXPECT_EQ(count(after, "BatchNormalization"), 0);
  EXPECT_LT(largest_difference(before, after), 1e-5);
}

TEST_F(Rewrite, transposed_convolutions_take_what_follows) {
  ModelMaker m;
  const std::string x = m.input("x", {1, 3, 4, 5});
  const std::string wide = m.node("ConvTranspose", {x, m.floats({3, 6, 2, 2})});
  m.attribute("strides", std::vector<std::int64_t>{2, 2});
  const std::string norm = m.node("BatchNormalization", {m.node("Add", {m.floats({1, 6, 1, 1}), wide}), m.floats({6}), m.floats({6}), m.floats({6}),
                                                         m.floats({6}, {0.5F, 1, 2, 0.25F, 3, 1.5F})});
  m.output(m.node("Relu", {m.node("Add", {norm, m.floats({6, 1, 1})})}));
  const FlatGraph before = specialise(read(m), {});
  FlatGraph after = before;
  fold_into_windows(after);
  EXPECT_EQ(after.nodes.size(), 2U);
  EXPECT_LT(largest_difference(before, after), 1e-5);
}

TEST_F(Rewrite, only_one_number_per_filter_is_a_bias) {
  ModelMaker m;
  const std::string x = m.input("x", {1, 3, 6, 6});
  m.output(m.node("Add", {m.node("Conv", {x, m.floats({6, 3, 1, 1})}), m.floats({1, 1, 6, 1})}));
  const std::string shared = m.node("Conv", {x, m.floats({6, 3, 1, 1})});
  m.output(m.node("Add", {shared, m.floats({1, 6, 1, 1})}));
  m.output(shared);
  FlatGraph graph = specialise(read(m), {});
  fold_into_windows(graph);
  EXPECT_EQ(count(graph, "Add"), 2);
}

TEST_F(Rewrite, combined_layers_compute_the_same) {
  const FlatGraph before = specialise(read(attention_block()), parse_extents({"d1=2"}));
  FlatGraph after = before;
  combine_dense(after, [](const Shape&, const std::vector<std::int64_t>&) { return true; });
  EXPECT_EQ(count(before, "MatMul") - count(after, "MatMul"), 2);
  EXPECT_LT(largest_difference(before, after), 1e-5);
}

TEST_F(Rewrite, an_activation_keeps_layers_apart) {
  ModelMaker m;
  const std::string x = m.input("x", {4, 16});
  m.output(m.node("Mul", {m.node("Sigmoid", {m.dense(x, 16, 8)}), m.dense(x, 16, 8)}));
  FlatGraph graph = specialise(read(m), {});
  combine_dense(graph, [](const Shape&, const std::vector<std::int64_t>&) { return true; });
  EXPECT_EQ(count(graph, "MatMul"), 2);
}

// Three steps of two sequences, both directions; `states`: initial ones are given.
ModelMaker recurrent(const std::string& op, std::int64_t gates, bool states, std::int64_t before_reset) {
  constexpr std::int64_t steps = 3, batch = 2, input = 5, hidden = 4, directions = 2;
  ModelMaker m;
  const std::string x = m.input("x", {steps, batch, input});
  std::vector<std::string> inputs{x, m.floats({directions, gates * hidden, input}), m.floats({directions, gates * hidden, hidden}),
                                  m.floats({directions, 2 * gates * hidden}), ""};
  if (states) inputs.push_back(m.input("h", {directions, batch, hidden}));
  if (states && op == "LSTM") inputs.push_back(m.input("c", {directions, batch, hidden}));
  m.output(m.node(op, inputs));
  m.attribute("hidden_size", hidden);
  m.attribute("direction", std::string("bidirectional"));
  if (op == "GRU") m.attribute("linear_before_reset", before_reset);
  m.last().add_output("last_h");
  m.output("last_h");
  if (op == "LSTM") {
    m.last().add_output("last_c");
    m.output("last_c");
  }
  return m;
}

TEST_F(Rewrite, recurrences_become_products) {
  struct Case {
    const char* op;
    std::int64_t gates;
    bool states;
    std::int64_t before_reset;
  };
  for (const Case& c : {Case{"LSTM", 4, true, 0}, Case{"LSTM", 4, false, 0}, Case{"GRU", 3, true, 1}, Case{"GRU", 3, true, 0}, Case{"GRU", 3, false, 1}}) {
    SCOPED_TRACE(std::string(c.op) + (c.states ? " with states" : "") + (c.before_reset != 0 ? " before reset" : ""));
    const FlatGraph before = specialise(read(recurrent(c.op, c.gates, c.states, c.before_reset)), {});
    FlatGraph after = before;
    expand_recurrent(after);
    EXPECT_EQ(count(before, c.op), 1);
    EXPECT_EQ(count(after, c.op), 0);
    EXPECT_LT(largest_difference(before, after), 1e-5);
  }
}

TEST_F(Rewrite, long_recurrences_stay) {
  ModelMaker m;
  const std::string x = m.input("x", {64, 1, 3});
  m.output(m.node("LSTM", {x, m.floats({1, 8, 3}), m.floats({1, 8, 2})}));
  FlatGraph graph = specialise(read(m), {});
  expand_recurrent(graph);
  EXPECT_EQ(count(graph, "LSTM"), 1);
}

TEST_F(Rewrite, indices_are_checked) {
  ModelMaker m;
  m.output(m.node("Gather", {m.floats({5, 4}), m.input("ids", {3}, onnx::TensorProto::INT64)}));
  FlatGraph graph = specialise(read(m), {});
  prepare_indices(graph);
  auto ids = std::make_shared<Array>(ArraySpec{Element::i64, {3}});
  write_integer(ids->view(), 1, -1);
  EXPECT_EQ(read_real(interpret(graph, {ids})[0]->view(), 4), read_real(interpret(specialise(read(m), {}), {ids})[0]->view(), 4));
  write_integer(ids->view(), 2, 5);
  EXPECT_NE(said([&] { interpret(graph, {ids}); }).find("index 5"), std::string::npos);
}

}  // namespace
}  // namespace perftune::testing
