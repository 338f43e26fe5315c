// Whole sample models with compiled kernels on this CPU, against the reference implementations.
#include <unistd.h>

#include "cli/wire.hpp"
#include "executor/cpu_detect.hpp"
#include "models/session.hpp"
#include "tests/models/model_fixture.hpp"
#include "tuner/kernel_plan.hpp"

namespace perftune::testing {
namespace {

class Running : public ModelTest {
 protected:
  // Largest difference of any output from the reference, relative to its largest value.
  double difference(const ModelMaker& maker, const std::vector<std::string>& dims, const CombinePays& combine = {}) {
    const Slices slices = make_slices();
    const Hardware hardware = detect_cpu(this_cpu_topology());
    const auto compiler = HostCompiler::find();
    EXPECT_TRUE(compiler.has_value());
    LoweredGraph graph = lowered(maker, dims, combine);
    const FlatGraph expected_graph = specialise(read(maker), parse_extents(dims));
    const auto choose = [&](const Operator& op) {
      std::vector<ChosenKernel> kernels;
      for (const auto& part : plan_kernels(op, hardware, slices).parts)
        kernels.push_back({part.op, part.ranking.candidates.front().program, "default"});
      return kernels;
    };
    Arrays inputs;
    std::mt19937 random(11);
    std::normal_distribution<double> normal;
    for (const int input : graph.graph.inputs) {
      const Value& value = graph.graph.values[input];
      auto array = std::make_shared<Array>(*value.spec);
      for (std::int64_t i = 0; i < array->spec.elements(); ++i) write_real(array->view(), i, value.constant ? read_real(value.constant->view(), i) : normal(random));
      inputs.push_back(std::move(array));
    }
    Session session(std::move(graph), cpu_session_device(hardware, slices.emitters(), *compiler, 2), hardware, slices.emitters(), choose);
    session.set_inputs(inputs);
    double worst = 0;
    for (int round = 0; round < 2; ++round) {  // memory is used again: the second run must not see the first
      session.run();
      worst = std::max(worst, worst_output(session.outputs(), interpret(expected_graph, inputs)));
    }
    return worst;
  }

  static double worst_output(const Arrays& mine, const Arrays& expected) {
    double worst = 0;
    for (std::size_t i = 0; i < mine.size(); ++i) {
      EXPECT_EQ(mine[i]->spec, expected.at(i)->spec);
      double largest = 0, top = 1e-30;
      for (std::int64_t e = 0; e < expected[i]->spec.elements(); ++e) {
        largest = std::max(largest, std::abs(read_real(mine[i]->view(), e) - read_real(expected[i]->view(), e)));
        top = std::max(top, std::abs(read_real(expected[i]->view(), e)));
      }
      worst = std::max(worst, largest / top);
    }
    return worst;
  }
};

TEST_F(Running, attention) { EXPECT_LT(difference(attention_block(), {"d1=2"}), 1e-5); }

TEST_F(Running, attention_with_combined_layers) {
  EXPECT_LT(difference(attention_block(), {"d1=2"}, [](const Shape&, const std::vector<std::int64_t>&) { return true; }), 1e-5);
}

TEST_F(Running, convolutions_and_pooling) { EXPECT_LT(difference(convolutions(), {}), 1e-5); }

TEST_F(Running, branches_and_loops) { EXPECT_LT(difference(branches(), {"n=3"}), 1e-5); }

TEST_F(Running, shapes_that_depend_on_data) { EXPECT_LT(difference(odd_operators(), {}), 1e-5); }

TEST_F(Running, recurrences) {
  ModelMaker m;
  const std::string x = m.input("x", {2, 3, 24});
  m.output(m.node("LSTM", {x, m.floats({1, 64, 24}), m.floats({1, 64, 16}), m.floats({1, 128}), "", m.input("h", {1, 3, 16}), m.input("c", {1, 3, 16})}));
  m.output(m.node("GRU", {x, m.floats({1, 48, 24}), m.floats({1, 48, 16}), m.floats({1, 96})}));
  EXPECT_LT(difference(m, {}), 1e-5);
}

TEST_F(Running, outputs_that_are_inputs_constants_or_views) {
  ModelMaker m;
  const std::string x = m.input("x", {3, 5});
  m.output(x);
  m.output(m.floats({4}));
  m.output(m.node("Transpose", {x}));
  m.output(m.node("Identity", {x}));
  EXPECT_LT(difference(m, {}), 1e-6);
}

}  // namespace
}  // namespace perftune::testing
