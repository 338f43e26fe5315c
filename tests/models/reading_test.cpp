// Broken and hostile ONNX files: one line and exit code 2 each, never a crash.
#include <unistd.h>

#include <fstream>

#include "tests/models/model_fixture.hpp"

namespace perftune::testing {
namespace {

using Reading = ModelTest;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(Reading, files_cut_anywhere_are_refused) {
  const std::string whole = attention_block().proto().SerializeAsString();
  for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 97) {
    std::ofstream(path(), std::ios::binary) << whole.substr(0, length);
    const std::string message = said([&] { specialise(read_onnx(path()), parse_extents({"d1=1"})); });
    EXPECT_TRUE(contains(message, path())) << length << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST_F(Reading, changed_bytes_never_crash) {
  const std::string whole = attention_block().proto().SerializeAsString();
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    std::ofstream(path(), std::ios::binary) << bytes;
    try {
      lower(specialise(read_onnx(path()), parse_extents({"d1=1"})));
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), 2) << error.what();
    }
  }
}

TEST_F(Reading, a_missing_file_and_a_folder) {
  EXPECT_TRUE(contains(said([&] { read_onnx(path("none.onnx")); }), "cannot be read"));
  EXPECT_TRUE(contains(said([&] { read_onnx(folder_.string()); }), "cannot be read"));
}

TEST_F(Reading, an_unknown_operator_is_named) {
  ModelMaker m;
  m.output(m.node("Frobnicate", {m.input("x", {2})}));
  EXPECT_TRUE(contains(said([&] { lowered(m); }), "Frobnicate"));
}

TEST_F(Reading, external_data_that_is_missing_or_outside) {
  for (const char* location : {"weights.bin", "../secret", "/etc/passwd"}) {
    ModelMaker m;
    const std::string x = m.input("x", {4});
    auto* tensor = m.graph().add_initializer();
    tensor->set_name("w");
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    tensor->add_dims(4);
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
    auto* entry = tensor->add_external_data();
    entry->set_key("location");
    entry->set_value(location);
    m.output(m.node("Add", {x, "w"}));
    EXPECT_TRUE(contains(said([&] { lowered(m); }), location)) << location;
  }
}

TEST_F(Reading, external_data_below_the_folder_is_read) {
  const float values[] = {1, 2, 3, 4};
  std::ofstream(path("weights.bin"), std::ios::binary).write("pad!", 4).write(reinterpret_cast<const char*>(values), 16);
  ModelMaker m;
  auto* tensor = m.graph().add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  tensor->add_dims(4);
  tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] : {std::pair{"location", "weights.bin"}, {"offset", "4"}, {"length", "16"}}) {
    auto* entry = tensor->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  m.output("w");
  m.node("Neg", {m.input("x", {4})});
  const Model model = read(m);
  EXPECT_EQ(read_real(model.graph->constants.at("w")->view(), 3), 4.0);
}

TEST_F(Reading, tensors_whose_shape_lies) {
  for (const std::int64_t extent : {std::int64_t{5}, std::int64_t{1} << 40, std::int64_t{-3}}) {
    ModelMaker m;
    const std::string weight = m.floats({4});
    m.graph().mutable_initializer(0)->set_dims(0, extent);
    m.output(m.node("Add", {m.input("x", {4}), weight}));
    EXPECT_TRUE(contains(said([&] { lowered(m); }), "tensor '" + weight + "'")) << extent;
  }
}

TEST_F(Reading, graphs_nested_ten_thousand_deep) {
  ModelMaker m;
  const std::string condition = m.input("c", {}, onnx::TensorProto::BOOL);
  onnx::GraphProto* graph = &m.graph();
  std::string bytes;
  for (int depth = 0; depth < 10000; ++depth) {
    auto* node = graph->add_node();
    node->set_op_type("If");
    node->add_input(condition);
    node->add_output("y" + std::to_string(depth));
    auto* attribute = node->add_attribute();
    attribute->set_name("then_branch");
    attribute->set_type(onnx::AttributeProto::GRAPH);
    graph = attribute->mutable_g();
  }
  m.output("y0");
  EXPECT_TRUE(contains(said([&] { read(m); }), path()));
}

TEST_F(Reading, ten_thousand_nodes_in_a_row) {
  ModelMaker m;
  std::string x = m.input("x", {8});
  for (int i = 0; i < 10000; ++i) x = m.node(i % 2 == 0 ? "Relu" : "Neg", {x});
  m.output(x);
  const LoweredGraph graph = lowered(m);
  EXPECT_LT(graph.steps.size(), 1000U);  // fused, though not into one kernel
  for (const auto& step : graph.steps) EXPECT_TRUE(step.kernel.has_value());
}

TEST_F(Reading, values_that_nothing_writes_and_that_are_written_twice) {
  ModelMaker m;
  m.output(m.node("Relu", {"ghost"}));
  EXPECT_TRUE(contains(said([&] { read(m); }), "ghost"));
  ModelMaker twice;
  const std::string x = twice.input("x", {4});
  twice.node("Relu", {x});
  twice.last().set_output(0, "y");
  twice.node("Neg", {x});
  twice.last().set_output(0, "y");
  twice.output("y");
  EXPECT_TRUE(contains(said([&] { read(twice); }), "written twice"));
}

TEST_F(Reading, shapes_that_do_not_fit_name_the_node) {
  ModelMaker m;
  m.output(m.node("MatMul", {m.input("x", {4, 5}), m.floats({6, 7})}));
  const std::string message = said([&] { lowered(m); });
  EXPECT_TRUE(contains(message, "MatMul")) << message;
  EXPECT_TRUE(contains(message, "4x5")) << message;
}

}  // namespace
}  // namespace perftune::testing
