// Builds ONNX models in C++, for tests: nodes in order, constants by value, inputs with symbols.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <vector>

namespace perftune::testing {

class ModelMaker {
 public:
  explicit ModelMaker(int opset = 13);

  // A dimension below 0 is the symbol "d<index>", -2 for index 1 and so on: d1, d2, ...
  std::string input(const std::string& name, const std::vector<std::int64_t>& shape, int type = onnx::TensorProto::FLOAT);
  std::string floats(const std::vector<std::int64_t>& shape, std::vector<float> values = {});  // random when empty
  std::string ints(const std::vector<std::int64_t>& values);      // one dimension
  std::string scalar(float value);
  // The node's first output.
  std::string node(const std::string& op, const std::vector<std::string>& inputs);
  onnx::NodeProto& last() { return *graph_->mutable_node(graph_->node_size() - 1); }
  void attribute(const std::string& name, std::int64_t value);    // of the last node
  void attribute(const std::string& name, const std::vector<std::int64_t>& values);
  void attribute(const std::string& name, float value);
  void attribute(const std::string& name, const std::string& value);
  void output(const std::string& name);

  onnx::ModelProto& proto() { return model_; }
  onnx::GraphProto& graph() { return *graph_; }
  void write(const std::string& path) const;

  // Ready parts.
  std::string dense(const std::string& x, std::int64_t rows, std::int64_t columns);
  std::string gelu(const std::string& x);
  std::string layer_norm(const std::string& x, std::int64_t width);

 private:
  std::string fresh() { return "v" + std::to_string(count_++); }
  onnx::ModelProto model_;
  onnx::GraphProto* graph_;
  int count_ = 0;
  std::uint32_t random_ = 1;
};

ModelMaker attention_block();   // input x [d1, 16, 32]; query, key and value in parallel
ModelMaker convolutions();      // input x [1, 3, 12, 12]: strided, grouped, depthwise, batch norm, pooling
ModelMaker branches();          // input x [4], n (scalar i64): If on n == 1; a Loop that runs n times
ModelMaker two_products();      // input x [16, 32]: products with nothing else between them and a softmax
ModelMaker odd_operators();     // input x [2, 6]: what runs on the reference path

}  // namespace perftune::testing
