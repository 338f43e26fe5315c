#include "models/onnx_file.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <onnx/onnx_pb.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "models/onnx_array.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

// Graphs inside graphs (If, Loop). Protocol buffers stop at 100 nested messages, three for each.
constexpr int kDeepestGraph = 24;

class Reader {
 public:
  explicit Reader(std::string path)
      : path_(std::move(path)), folder_(std::filesystem::path(path_).parent_path()) {}

  Model read() {
    onnx::ModelProto proto;
    parse(proto);
    Model model;
    model.path = path_;
    model.name = std::filesystem::path(path_).stem().string();
    for (const auto& opset : proto.opset_import())
      if (opset.domain().empty() || opset.domain() == "ai.onnx") model.opset = static_cast<int>(opset.version());
    if (!proto.has_graph() || model.opset == 0) fail("no ONNX model: it has no graph or names no operator set");
    if (proto.functions_size() > 0) fail("it defines functions of its own; export it with them inlined");
    model.graph = graph(proto.graph(), {}, 0);
    if (model.graph->outputs.empty()) fail("its graph has no output");
    return model;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(ErrorKind::usage, path_ + ": " + what); }

  void parse(onnx::ModelProto& proto) const {
    std::ifstream in(path_, std::ios::binary);
    if (!in || std::filesystem::is_directory(path_)) fail("cannot be read");
    google::protobuf::SetLogHandler(nullptr);  // it would print its own lines
    google::protobuf::io::IstreamInputStream stream(&in);
    google::protobuf::io::CodedInputStream coded(&stream);
    coded.SetTotalBytesLimit(std::numeric_limits<int>::max());
    if (!proto.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage())
      fail("no ONNX file, a truncated one, or one with graphs nested too deeply");
  }

  std::shared_ptr<const Graph> graph(const onnx::GraphProto& proto, std::set<std::string> known, int depth) {
    if (depth > kDeepestGraph) fail("graphs are nested more than " + std::to_string(kDeepestGraph) + " deep");
    auto result = std::make_shared<Graph>();
    if (proto.sparse_initializer_size() > 0) fail("sparse initialisers are not supported");
    for (const auto& tensor : proto.initializer()) {
      result->constants[tensor.name()] = array(tensor);
      known.insert(tensor.name());
    }
    for (const auto& value : proto.input()) {
      if (result->constants.contains(value.name())) continue;
      result->inputs.push_back(input(value));
      known.insert(value.name());
    }
    known.insert("");
    for (const auto& node : proto.node()) {
      result->nodes.push_back(read_node(node, known, depth));
      for (const auto& output : node.output())
        if (!output.empty() && !known.insert(output).second) fail("the value '" + output + "' is written twice");
    }
    for (const auto& value : proto.output()) {
      if (!known.contains(value.name())) fail("nothing writes its output '" + value.name() + "'");
      result->outputs.push_back(value.name());
    }
    return result;
  }

  GraphInput input(const onnx::ValueInfoProto& proto) const {
    GraphInput result;
    result.name = proto.name();
    if (!proto.type().has_tensor_type()) return result;  // a Loop's body may leave it out
    const auto type = element_of(proto.type().tensor_type().elem_type());
    if (!type) fail("input '" + proto.name() + "' has an element type that is not supported");
    result.type = *type;
    for (const auto& dim : proto.type().tensor_type().shape().dim()) {
      GraphInput::Dimension extent;
      if (dim.has_dim_value() && dim.dim_value() > 0) extent.extent = dim.dim_value();
      else if (dim.has_dim_param()) extent.symbol = dim.dim_param();
      result.shape.push_back(std::move(extent));
    }
    return result;
  }

  Node read_node(const onnx::NodeProto& proto, const std::set<std::string>& known, int depth) {
    Node node;
    node.name = proto.name();
    node.op = proto.domain().empty() || proto.domain() == "ai.onnx" ? proto.op_type()
                                                                     : proto.domain() + "." + proto.op_type();
    node.inputs.assign(proto.input().begin(), proto.input().end());
    node.outputs.assign(proto.output().begin(), proto.output().end());
    for (const auto& name : node.inputs)
      if (!known.contains(name))
        fail(node.label() + " reads '" + name + "', which nothing before it writes");
    for (const auto& attribute : proto.attribute()) node.attributes[attribute.name()] = value(node, attribute, known, depth);
    return node;
  }

  Attribute value(const Node& node, const onnx::AttributeProto& proto, const std::set<std::string>& known, int depth) {
    using Proto = onnx::AttributeProto;
    switch (proto.type()) {
      case Proto::INT: return {std::int64_t{proto.i()}};
      case Proto::FLOAT: return {double{proto.f()}};
      case Proto::STRING: return {proto.s()};
      case Proto::INTS: return {std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end())};
      case Proto::FLOATS: return {std::vector<double>(proto.floats().begin(), proto.floats().end())};
      case Proto::STRINGS: return {std::vector<std::string>(proto.strings().begin(), proto.strings().end())};
      case Proto::TENSOR: return {array(proto.t())};
      case Proto::GRAPH: return {graph(proto.g(), known, depth + 1)};
      default: fail(node.label() + ": attribute '" + proto.name() + "' has a type that is not supported");
    }
  }

  std::shared_ptr<const Array> array(const onnx::TensorProto& proto) const {
    std::string wrong;
    auto result = array_of(proto, folder_, wrong);
    if (!result) fail("tensor '" + proto.name() + "': " + wrong);
    return std::make_shared<const Array>(*std::move(result));
  }

  std::string path_;
  std::filesystem::path folder_;
};

}  // namespace

bool reads_onnx() { return true; }
Model read_onnx(const std::string& path) { return Reader(path).read(); }

}  // namespace perftune
