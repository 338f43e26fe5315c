#include "bench/cpu_ops/onednn_maps.hpp"

#include <map>

#include "bench/cpu_ops/onednn_engine.hpp"

namespace perftune::bench {
namespace {

using dnnl::algorithm;
using dnnl::memory;

memory::desc row_major(const memory::dims& dims) {
  memory::dims strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return {dims, memory::data_type::f32, strides};
}

std::function<void()> elementwise(algorithm what, const Case& c, float* in, float* out) {
  const memory::desc desc = row_major({c.at("n")});
  const dnnl::eltwise_forward::desc op(dnnl::prop_kind::forward_inference, what, desc, 0.0F, 0.0F);
  return call_of(dnnl::eltwise_forward({op, onednn_engine()}), {{DNNL_ARG_SRC, memory(desc, onednn_engine(), in)},
                                                         {DNNL_ARG_DST, memory(desc, onednn_engine(), out)}});
}

std::function<void()> binary(algorithm what, const memory::desc& left, const memory::desc& right,
                             std::span<float* const> in, float* out) {
  const dnnl::binary::desc op(what, left, right, left);
  return call_of(dnnl::binary({op, onednn_engine()}), {{DNNL_ARG_SRC_0, memory(left, onednn_engine(), in[0])},
                                                {DNNL_ARG_SRC_1, memory(right, onednn_engine(), in[1])},
                                                {DNNL_ARG_DST, memory(left, onednn_engine(), out)}});
}

// The input's axes `order`, outermost first, are the output's.
std::function<void()> reorder(const memory::dims& dims, const std::vector<int>& order, float* in, float* out) {
  memory::dims strides(dims.size());
  memory::dim stride = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    strides[static_cast<std::size_t>(order[i])] = stride;
    stride *= dims[static_cast<std::size_t>(order[i])];
  }
  const memory from(row_major(dims), onednn_engine(), in);
  const memory to({dims, memory::data_type::f32, strides}, onednn_engine(), out);
  return call_of(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

}  // namespace

std::function<void()> onednn_map_call(const Case& c, std::span<float* const> inputs, float* output) {
  static const std::map<std::string, algorithm> functions{
      {"relu", algorithm::eltwise_relu},        {"gelu", algorithm::eltwise_gelu_erf},
      {"tanh", algorithm::eltwise_tanh},        {"exp", algorithm::eltwise_exp},
      {"sigmoid", algorithm::eltwise_logistic}};
  static const std::map<std::string, algorithm> pairs{{"add", algorithm::binary_add},
                                                      {"mul", algorithm::binary_mul},
                                                      {"sub", algorithm::binary_sub},
                                                      {"div", algorithm::binary_div}};
  if (const auto it = functions.find(c.op); it != functions.end())
    return elementwise(it->second, c, inputs[0], output);
  if (const auto it = pairs.find(c.op); it != pairs.end()) {
    const memory::desc desc = row_major({c.at("n")});
    return binary(it->second, desc, desc, inputs, output);
  }
  if (c.op == "bias_add")
    return binary(algorithm::binary_add, row_major({c.at("m"), c.at("n")}), row_major({1, c.at("n")}), inputs,
                  output);
  if (c.op == "transpose2d") return reorder({c.at("m"), c.at("n")}, {1, 0}, inputs[0], output);
  if (c.op == "split_heads")
    return reorder({c.at("b"), c.at("t"), c.at("h"), c.at("d")}, {0, 2, 1, 3}, inputs[0], output);
  if (c.op == "permute4d") {
    static const std::map<std::string, std::vector<int>> orders{
        {"nhwc", {0, 2, 3, 1}}, {"nwhc", {0, 3, 2, 1}}, {"cnhw", {1, 0, 2, 3}},
        {"nhcw", {0, 2, 1, 3}}, {"chwn", {1, 2, 3, 0}}, {"whcn", {3, 2, 1, 0}}};
    return reorder({c.at("n"), c.at("c"), c.at("h"), c.at("w")}, orders.at(c.parameter("order", "nhwc")),
                   inputs[0], output);
  }
  return {};
}

const std::vector<std::string>& map_cases() {
  static const std::vector<std::string> cases{
      "relu:n=65536",           "relu:n=1048576",        "relu:n=16777216",     "gelu:n=1048576",
      "tanh:n=1048576",         "exp:n=4194304",         "sigmoid:n=65536",     "add:n=65536",
      "add:n=4194304",          "mul:n=16777216",        "bias_add:m=512,n=1024",
      "bias_add:m=8192,n=1024", "transpose2d:m=512,n=512", "transpose2d:m=4096,n=4096",
      "transpose2d:m=4096,n=1000", "split_heads:b=8,t=512,h=16,d=64",
      "permute4d:n=32,c=64,h=56,w=56", "permute4d:n=1,c=256,h=28,w=28",
      "permute4d:n=8,c=64,h=56,w=56,order=whcn"};
  return cases;
}

}  // namespace perftune::bench
