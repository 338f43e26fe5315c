#include "tests/models/sample_models.hpp"

#include <fstream>

namespace perftune::testing {

ModelMaker::ModelMaker(int opset) : graph_(model_.mutable_graph()) {
  model_.set_ir_version(8);
  graph_->set_name("sample");
  auto* import = model_.add_opset_import();
  import->set_version(opset);
}

std::string ModelMaker::input(const std::string& name, const std::vector<std::int64_t>& shape, int type) {
  auto* value = graph_->add_input();
  value->set_name(name);
  auto* tensor = value->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape();
  for (const std::int64_t extent : shape) {
    auto* dim = tensor->mutable_shape()->add_dim();
    if (extent >= 0) dim->set_dim_value(extent);
    else dim->set_dim_param("d" + std::to_string(-extent));
  }
  return name;
}

std::string ModelMaker::floats(const std::vector<std::int64_t>& shape, std::vector<float> values) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  while (static_cast<std::int64_t>(values.size()) < count) {
    random_ = random_ * 1664525U + 1013904223U;
    values.push_back(static_cast<float>(random_ >> 8) / 16777216.0F - 0.5F);
  }
  auto* tensor = graph_->add_initializer();
  tensor->set_name(fresh());
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t extent : shape) tensor->add_dims(extent);
  for (const float value : values) tensor->add_float_data(value);
  return tensor->name();
}

std::string ModelMaker::scalar(float value) { return floats({}, {value}); }

std::string ModelMaker::ints(const std::vector<std::int64_t>& values) {
  auto* tensor = graph_->add_initializer();
  tensor->set_name(fresh());
  tensor->set_data_type(onnx::TensorProto::INT64);
  tensor->add_dims(static_cast<std::int64_t>(values.size()));
  for (const std::int64_t value : values) tensor->add_int64_data(value);
  return tensor->name();
}

std::string ModelMaker::node(const std::string& op, const std::vector<std::string>& inputs) {
  auto* made = graph_->add_node();
  made->set_op_type(op);
  for (const auto& name : inputs) made->add_input(name);
  made->add_output(fresh());
  return made->output(0);
}

void ModelMaker::attribute(const std::string& name, std::int64_t value) {
  auto* attribute = last().add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

void ModelMaker::attribute(const std::string& name, const std::vector<std::int64_t>& values) {
  auto* attribute = last().add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) attribute->add_ints(value);
}

void ModelMaker::attribute(const std::string& name, float value) {
  auto* attribute = last().add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::FLOAT);
  attribute->set_f(value);
}

void ModelMaker::attribute(const std::string& name, const std::string& value) {
  auto* attribute = last().add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::STRING);
  attribute->set_s(value);
}

void ModelMaker::output(const std::string& name) { graph_->add_output()->set_name(name); }

void ModelMaker::write(const std::string& path) const {
  std::ofstream out(path, std::ios::binary);
  model_.SerializeToOstream(&out);
}

std::string ModelMaker::dense(const std::string& x, std::int64_t rows, std::int64_t columns) {
  return node("Add", {node("MatMul", {x, floats({rows, columns})}), floats({columns})});
}

std::string ModelMaker::gelu(const std::string& x) {
  const std::string erf = node("Erf", {node("Div", {x, scalar(1.41421356F)})});
  return node("Mul", {node("Mul", {x, node("Add", {erf, scalar(1)})}), scalar(0.5F)});
}

std::string ModelMaker::layer_norm(const std::string& x, std::int64_t width) {
  const std::string mean = node("ReduceMean", {x});
  attribute("axes", std::vector<std::int64_t>{-1});
  const std::string centred = node("Sub", {x, mean});
  const std::string variance = node("ReduceMean", {node("Pow", {centred, scalar(2)})});
  attribute("axes", std::vector<std::int64_t>{-1});
  const std::string root = node("Sqrt", {node("Add", {variance, scalar(1e-5F)})});
  return node("Add", {node("Mul", {node("Div", {centred, root}), floats({width})}), floats({width})});
}

ModelMaker attention_block() {
  ModelMaker m;
  const std::string x = m.input("x", {-1, 16, 32});
  const auto heads = [&](const std::string& from, const std::vector<std::int64_t>& perm) {
    const std::string split = m.node("Reshape", {from, m.ints({0, 0, 4, 8})});
    const std::string turned = m.node("Transpose", {split});
    m.attribute("perm", perm);
    return turned;
  };
  const std::string query = heads(m.dense(x, 32, 32), {0, 2, 1, 3});
  const std::string key = heads(m.dense(x, 32, 32), {0, 2, 3, 1});
  const std::string value = heads(m.dense(x, 32, 32), {0, 2, 1, 3});
  const std::string scores = m.node("Div", {m.node("MatMul", {query, key}), m.scalar(2.5F)});
  const std::string weights = m.node("Softmax", {scores});
  m.attribute("axis", std::int64_t{-1});
  const std::string context = m.node("Transpose", {m.node("MatMul", {weights, value})});
  m.attribute("perm", std::vector<std::int64_t>{0, 2, 1, 3});
  const std::string merged = m.node("Reshape", {context, m.ints({0, 0, 32})});
  const std::string first = m.layer_norm(m.node("Add", {m.dense(merged, 32, 32), x}), 32);
  const std::string inner = m.gelu(m.dense(first, 32, 64));
  m.output(m.layer_norm(m.node("Add", {m.dense(inner, 64, 32), first}), 32));
  return m;
}

ModelMaker convolutions() {
  ModelMaker m;
  const std::string x = m.input("x", {1, 3, 12, 12});
  std::string y = m.node("Conv", {x, m.floats({8, 3, 3, 3})});
  m.attribute("strides", std::vector<std::int64_t>{2, 2});
  m.attribute("pads", std::vector<std::int64_t>{1, 1, 1, 1});
  std::vector<float> variance(8, 0.75F);
  y = m.node("BatchNormalization", {y, m.floats({8}), m.floats({8}), m.floats({8}), m.floats({8}, variance)});
  y = m.node("Relu", {y});
  y = m.node("Conv", {y, m.floats({8, 1, 3, 3}), m.floats({8})});  // depthwise
  m.attribute("group", std::int64_t{8});
  m.attribute("pads", std::vector<std::int64_t>{1, 1, 1, 1});
  y = m.node("HardSwish", {y});
  const std::string wide = m.node("Conv", {y, m.floats({12, 4, 1, 1})});  // grouped
  m.attribute("group", std::int64_t{2});
  const std::string pooled = m.node("AveragePool", {wide});
  m.attribute("kernel_shape", std::vector<std::int64_t>{3, 3});
  m.attribute("pads", std::vector<std::int64_t>{1, 1, 1, 1});
  const std::string most = m.node("MaxPool", {wide});
  m.attribute("kernel_shape", std::vector<std::int64_t>{2, 2});
  m.attribute("strides", std::vector<std::int64_t>{2, 2});
  const std::string up = m.node("ConvTranspose", {most, m.floats({12, 12, 2, 2}), m.floats({12})});
  m.attribute("strides", std::vector<std::int64_t>{2, 2});
  const std::string both = m.node("Concat", {pooled, up});
  m.attribute("axis", std::int64_t{1});
  const std::string scale = m.node("Sigmoid", {m.node("GlobalAveragePool", {both})});
  m.output(m.node("Mul", {both, scale}));
  return m;
}

ModelMaker branches() {
  ModelMaker m;
  const std::string x = m.input("x", {4});
  const std::string n = m.input("n", {}, onnx::TensorProto::INT64);
  const std::string one = m.ints({1});
  const std::string condition = m.node("Equal", {n, one});
  const std::string chosen = m.node("If", {condition});
  for (const bool yes : {true, false}) {
    auto* attribute = m.last().add_attribute();
    attribute->set_name(yes ? "then_branch" : "else_branch");
    attribute->set_type(onnx::AttributeProto::GRAPH);
    auto* node = attribute->mutable_g()->add_node();
    node->set_op_type(yes ? "Neg" : "Exp");
    node->add_input(x);
    node->add_output(yes ? "then" : "else");
    attribute->mutable_g()->add_output()->set_name(yes ? "then" : "else");
  }
  const std::string looped = m.node("Loop", {n, "", chosen});
  auto* attribute = m.last().add_attribute();
  attribute->set_name("body");
  attribute->set_type(onnx::AttributeProto::GRAPH);
  auto* body = attribute->mutable_g();
  for (const char* name : {"i", "go", "carried"}) body->add_input()->set_name(name);
  auto* add = body->add_node();
  add->set_op_type("Add");
  add->add_input("carried");
  add->add_input(x);
  add->add_output("next");
  auto* keep = body->add_node();
  keep->set_op_type("Identity");
  keep->add_input("go");
  keep->add_output("still");
  body->add_output()->set_name("still");
  body->add_output()->set_name("next");
  m.output(looped);
  return m;
}

ModelMaker two_products() {
  ModelMaker m;
  const std::string x = m.input("x", {16, 32});
  const std::string rows = m.node("Softmax", {m.node("MatMul", {x, m.floats({32, 48})})});
  m.output(m.node("MatMul", {rows, m.floats({48, 24})}));
  return m;
}

ModelMaker odd_operators() {
  ModelMaker m;
  const std::string x = m.input("x", {2, 6});
  const std::string floor = m.node("Floor", {x});
  const std::string positions = m.node("NonZero", {floor});  // its shape depends on data
  const std::string count = m.node("Shape", {positions});
  const std::string best = m.node("ArgMax", {x});
  m.attribute("axis", std::int64_t{1});
  const std::string summed = m.node("CumSum", {x, m.ints({1})});
  const std::string padded = m.node("Pad", {summed, m.ints({0, 2, 0, 1})});
  m.attribute("mode", std::string("reflect"));
  m.output(m.node("Relu", {padded}));
  m.output(best);
  m.output(count);
  m.output(positions);
  return m;
}

}  // namespace perftune::testing
