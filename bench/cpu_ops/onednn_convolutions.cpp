#include "bench/cpu_ops/onednn_convolutions.hpp"

#include <algorithm>

#include "bench/cpu_ops/onednn_engine.hpp"

namespace perftune::bench {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

memory filled(const memory::desc& desc) {
  memory buffer(desc, onednn_engine());
  std::fill_n(static_cast<float*>(buffer.get_data_handle()), desc.get_size() / sizeof(float), 0.5F);
  return buffer;
}

}  // namespace

std::function<void()> onednn_convolution_call(const Case& c, ConvolutionLayout layout) {
  const bool depthwise = c.op == "depthwise_conv2d";
  const std::int64_t stride = c.number("stride", 1), dilation = c.number("dilation", 1);
  const std::int64_t pad = c.parameter("padding", "valid") == "valid" ? 0 : c.number("padding", 0);
  const std::int64_t groups = depthwise ? c.at("c") : c.number("groups", 1);
  const std::int64_t filters = depthwise ? c.at("c") : c.at("f");
  const auto outputs = [&](std::int64_t extent, std::int64_t window) {
    return (extent + 2 * pad - dilation * (window - 1) - 1) / stride + 1;
  };
  const Tag image = layout == ConvolutionLayout::preferred          ? Tag::any
                    : c.parameter("layout", "nchw") == "nhwc" ? Tag::nhwc
                                                              : Tag::nchw;
  const memory::desc from({c.at("n"), c.at("c"), c.at("h"), c.at("w")}, memory::data_type::f32, image);
  const memory::desc to({c.at("n"), filters, outputs(c.at("h"), c.at("r")), outputs(c.at("w"), c.at("s"))},
                        memory::data_type::f32, image);
  memory::dims weights{filters / groups, c.at("c") / groups, c.at("r"), c.at("s")};
  if (groups > 1) weights.insert(weights.begin(), groups);
  const memory::desc filter(weights, memory::data_type::f32, Tag::any);
  const dnnl::convolution_forward::desc op(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
                                           from, filter, to, {stride, stride}, {dilation - 1, dilation - 1},
                                           {pad, pad}, {pad, pad});
  const dnnl::convolution_forward::primitive_desc chosen(op, onednn_engine());
  return call_of(dnnl::convolution_forward(chosen), {{DNNL_ARG_SRC, filled(chosen.src_desc())},
                                                     {DNNL_ARG_WEIGHTS, filled(chosen.weights_desc())},
                                                     {DNNL_ARG_DST, filled(chosen.dst_desc())}});
}

std::vector<std::string> convolution_cases(const std::string& layout) {
  std::vector<std::string> cases{
      // ResNet-50
      "n=1,c=3,h=224,w=224,f=64,r=7,s=7,stride=2,padding=3",
      "n=1,c=64,h=56,w=56,f=256,r=1,s=1",
      "n=1,c=256,h=56,w=56,f=64,r=1,s=1",
      "n=1,c=64,h=56,w=56,f=64,r=3,s=3,padding=1",
      "n=1,c=128,h=56,w=56,f=128,r=3,s=3,stride=2,padding=1",
      "n=1,c=256,h=56,w=56,f=512,r=1,s=1,stride=2",
      "n=8,c=128,h=28,w=28,f=128,r=3,s=3,padding=1",
      "n=1,c=512,h=28,w=28,f=128,r=1,s=1",
      "n=1,c=256,h=14,w=14,f=256,r=3,s=3,padding=1",
      "n=1,c=1024,h=14,w=14,f=256,r=1,s=1",
      "n=1,c=512,h=7,w=7,f=512,r=3,s=3,padding=1",
      "n=8,c=2048,h=7,w=7,f=512,r=1,s=1",
      // MobileNetV2
      "n=1,c=24,h=56,w=56,f=144,r=1,s=1",
      "n=1,c=96,h=14,w=14,f=576,r=1,s=1",
      "n=1,c=320,h=7,w=7,f=1280,r=1,s=1",
      // AlexNet's second layer, in two groups; a dilated layer as in DeepLab
      "n=1,c=96,h=27,w=27,f=256,r=5,s=5,padding=2,groups=2",
      "n=1,c=256,h=28,w=28,f=256,r=3,s=3,padding=2,dilation=2",
  };
  // The weights of a framework of the layout: output channels innermost where channels are.
  const std::string tail = layout == "nhwc" ? ",layout=nhwc,filter=rscf" : ",layout=nchw";
  for (std::string& text : cases) text = "conv2d:" + text + tail;
  return cases;
}

}  // namespace perftune::bench
