#include "bench/cpu_ops/onednn.hpp"

#include <unordered_map>

#include "bench/cpu_ops/onednn_convolutions.hpp"
#include "bench/cpu_ops/onednn_engine.hpp"
#include "bench/cpu_ops/onednn_maps.hpp"

extern "C" void omp_set_num_threads(int threads);  // of omp.h

namespace perftune::bench {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Tag = memory::format_tag;
using Arguments = std::unordered_map<int, memory>;

memory::desc describe(const memory::dims& dims, Tag tag) { return {dims, memory::data_type::f32, tag}; }

memory wrap(const memory::desc& desc, float* data) { return {desc, onednn_engine(), data}; }

std::function<void()> softmax(const Case& c, std::span<float* const> in, float* out) {
  const auto desc = describe({c.at("m"), c.at("n")}, Tag::ab);
  const Arguments arguments{{DNNL_ARG_SRC, wrap(desc, in[0])}, {DNNL_ARG_DST, wrap(desc, out)}};
  const auto kind = dnnl::prop_kind::forward_inference;
  if (c.op == "softmax")
    return call_of(dnnl::softmax_forward({{kind, desc, 1}, onednn_engine()}), arguments);
  return call_of(dnnl::logsoftmax_forward({{kind, desc, 1}, onednn_engine()}), arguments);
}

std::function<void()> layer_norm(const Case& c, std::span<float* const> in, float* out) {
  const auto desc = describe({c.at("m"), c.at("n")}, Tag::ab), vector = describe({c.at("n")}, Tag::a);
  const dnnl::layer_normalization_forward::desc op(
      dnnl::prop_kind::forward_inference, desc, 1e-5F,
      dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift);
  return call_of(dnnl::layer_normalization_forward({op, onednn_engine()}),
                 {{DNNL_ARG_SRC, wrap(desc, in[0])}, {DNNL_ARG_SCALE, wrap(vector, in[1])},
                  {DNNL_ARG_SHIFT, wrap(vector, in[2])}, {DNNL_ARG_DST, wrap(desc, out)}});
}

std::function<void()> reduction(const Case& c, std::span<float* const> in, float* out) {
  const bool columns = c.op == "sum_columns";
  const auto from = describe({c.at("m"), c.at("n")}, Tag::ab);
  const auto to = columns ? describe({1, c.at("n")}, Tag::ab) : describe({c.at("m"), 1}, Tag::ab);
  const algorithm what = c.op == "max_rows"    ? algorithm::reduction_max
                         : c.op == "min_rows"  ? algorithm::reduction_min
                         : c.op == "mean_rows" ? algorithm::reduction_mean
                                               : algorithm::reduction_sum;
  return call_of(dnnl::reduction({{what, from, to, 0.0F, 0.0F}, onednn_engine()}),
                 {{DNNL_ARG_SRC, wrap(from, in[0])}, {DNNL_ARG_DST, wrap(to, out)}});
}

std::function<void()> pooling(const Case& c, std::span<float* const> in, float* out) {
  const bool all = c.op == "global_avg_pool2d";
  const std::int64_t r = all ? c.at("h") : c.at("r"), s = all ? c.at("w") : c.at("s");
  const std::int64_t stride = all ? 1 : c.number("stride", 2), pad = all ? 0 : c.number("padding", 0);
  const auto outputs = [&](std::int64_t extent, std::int64_t window) { return (extent + 2 * pad - window) / stride + 1; };
  const Tag tag = c.parameter("layout", "nchw") == "nhwc" ? Tag::nhwc : Tag::nchw;
  const auto from = describe({c.at("n"), c.at("c"), c.at("h"), c.at("w")}, tag);
  const auto to = describe({c.at("n"), c.at("c"), outputs(c.at("h"), r), outputs(c.at("w"), s)}, tag);
  const algorithm what = c.op == "max_pool2d" ? algorithm::pooling_max : algorithm::pooling_avg_include_padding;
  const dnnl::pooling_forward::desc op(dnnl::prop_kind::forward_inference, what, from, to, {stride, stride},
                                       {r, s}, {pad, pad}, {pad, pad});
  return call_of(dnnl::pooling_forward({op, onednn_engine()}),
                 {{DNNL_ARG_SRC, wrap(from, in[0])}, {DNNL_ARG_DST, wrap(to, out)}});
}

}  // namespace

void start_onednn(int threads) {
  omp_set_num_threads(threads);
  const Case c = parse_case("softmax:m=256,n=256");
  std::vector<float> in(256 * 256, 1.0F), out(256 * 256);
  float* inputs[] = {in.data()};
  onednn_call(c, inputs, out.data())();
}

std::function<void()> onednn_call(const Case& c, std::span<float* const> inputs, float* output) {
  if (c.op == "softmax" || c.op == "log_softmax") return softmax(c, inputs, output);
  if (c.op == "layer_norm") return layer_norm(c, inputs, output);
  if (c.op == "sum_rows" || c.op == "sum_columns" || c.op == "max_rows" || c.op == "min_rows" || c.op == "mean_rows")
    return reduction(c, inputs, output);
  if (c.op == "max_pool2d" || c.op == "avg_pool2d" || c.op == "global_avg_pool2d") return pooling(c, inputs, output);
  if (c.op == "depthwise_conv2d" || c.op == "conv2d") return onednn_convolution_call(c, ConvolutionLayout::preferred);
  return onednn_map_call(c, inputs, output);
}

}  // namespace perftune::bench
