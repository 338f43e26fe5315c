// Convolution, transposed convolution and pooling, each as its definition.
#include "models/windows.hpp"

#include <algorithm>
#include <limits>

namespace perftune {
namespace {

using Specs = std::optional<std::vector<ArraySpec>>;
using Outputs = std::span<const ArrayView>;

std::vector<std::int64_t> spatial(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

void read_attributes(const OpCall& call, Windows& w) {
  const std::size_t rank = w.kernel.size();
  if (call.in(0).shape().size() != rank + 2) call.fail("its windows have another rank than its input");
  const std::vector<std::int64_t> ones(rank, 1);
  w.stride = call.node->list("strides", ones);
  w.dilation = call.node->list("dilations", ones);
  const auto pads = call.node->list("pads", std::vector<std::int64_t>(2 * rank, 0));
  if (w.stride.size() != rank || w.dilation.size() != rank || pads.size() != 2 * rank)
    call.fail("strides, dilations or pads of the wrong length");
  for (std::size_t i = 0; i < rank; ++i)
    if (w.stride[i] < 1 || w.dilation[i] < 1 || w.kernel[i] < 1) call.fail("a stride, dilation or kernel below 1");
  w.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank));
  w.after.assign(pads.begin() + static_cast<std::ptrdiff_t>(rank), pads.end());
}

std::vector<std::int64_t> kernel_of(const OpCall& call) {
  if (call.node->op == "Conv" || call.node->op == "ConvTranspose") return spatial(call.in(1).shape());
  return call.node->list("kernel_shape", {});
}

Specs conv(const OpCall& call) {
  const Shape &x = call.in(0).shape(), &weight = call.in(1).shape();
  const std::int64_t groups = call.node->integer("group", 1);
  if (x.size() < 3 || weight.size() != x.size() || groups < 1 || weight[1] * groups != x[1] || weight[0] % groups != 0)
    call.fail("weight " + text(weight) + " does not fit input " + text(x));
  Shape to{x[0], weight[0]};
  const Windows w = windows_of(call, kernel_of(call));
  to.insert(to.end(), w.output.begin(), w.output.end());
  return {{{call.in(0).type(), to}}};
}

// Sums f(position in the input, position in the kernel) over the window of output point `at`.
template <class F>
void visit_window(const Windows& w, const std::vector<std::int64_t>& extent, std::int64_t at, F f) {
  std::int64_t points = 1;
  for (const std::int64_t k : w.kernel) points *= k;
  for (std::int64_t k = 0; k < points; ++k) {
    std::int64_t from = 0, rest = at, in_kernel = k, scale = 1;
    bool inside = true;
    for (std::size_t d = w.rank(); d-- > 0;) {
      const std::int64_t x = rest % w.output[d] * w.stride[d] - w.before[d] + in_kernel % w.kernel[d] * w.dilation[d];
      rest /= w.output[d];
      in_kernel /= w.kernel[d];
      inside = inside && x >= 0 && x < extent[d];
      from += x * scale;
      scale *= extent[d];
    }
    if (inside) f(from, k);
  }
}

void run_conv(const OpCall& call, Outputs outputs) {
  const Shape &x = call.in(0).shape(), &weight = call.in(1).shape();
  const Windows w = windows_of(call, kernel_of(call));
  const auto extent = spatial(x);
  const std::int64_t inner = elements_of(extent), taps = elements_of(w.kernel), points = elements_of(w.output);
  const std::int64_t groups = call.node->integer("group", 1), filters = weight[0] / groups, channels = weight[1];
  for (std::int64_t n = 0; n < x[0]; ++n)
    for (std::int64_t f = 0; f < weight[0]; ++f)
      for (std::int64_t at = 0; at < points; ++at) {
        double sum = call.has(2) ? read_real(call.in(2), f) : 0;
        visit_window(w, extent, at, [&](std::int64_t from, std::int64_t k) {
          for (std::int64_t c = 0; c < channels; ++c)
            sum += read_real(call.in(0), (n * x[1] + f / filters * channels + c) * inner + from) *
                   read_real(call.in(1), (f * channels + c) * taps + k);
        });
        write_real(outputs[0], (n * weight[0] + f) * points + at, sum);
      }
}

Specs conv_transpose(const OpCall& call) {
  const Shape &x = call.in(0).shape(), &weight = call.in(1).shape();
  if (x.size() < 3 || weight.size() != x.size() || weight[0] != x[1]) call.fail("weight " + text(weight) + " does not fit input " + text(x));
  const Windows w = transposed_windows_of(call, kernel_of(call));
  Shape to{x[0], weight[1] * call.node->integer("group", 1)};
  to.insert(to.end(), w.output.begin(), w.output.end());
  return {{{call.in(0).type(), to}}};
}

void run_conv_transpose(const OpCall& call, Outputs outputs) {
  const Shape &x = call.in(0).shape(), &weight = call.in(1).shape(), &y = outputs[0].shape();
  Windows w = transposed_windows_of(call, kernel_of(call));
  const auto extent = w.output;  // of what the windows move over: the output
  w.output = spatial(x);
  const std::int64_t points = elements_of(w.output), inner = elements_of(extent), taps = elements_of(w.kernel);
  const std::int64_t groups = call.node->integer("group", 1), channels = x[1] / groups, filters = weight[1];
  std::vector<double> sums(static_cast<std::size_t>(elements_of(y)), 0);
  for (std::int64_t n = 0; n < x[0]; ++n)
    for (std::int64_t c = 0; c < x[1]; ++c)
      for (std::int64_t at = 0; at < points; ++at) {
        const double value = read_real(call.in(0), (n * x[1] + c) * points + at);
        visit_window(w, extent, at, [&](std::int64_t to, std::int64_t k) {
          for (std::int64_t f = 0; f < filters; ++f)
            sums[(n * y[1] + c / channels * filters + f) * inner + to] += value * read_real(call.in(1), (c * filters + f) * taps + k);
        });
      }
  for (std::int64_t i = 0; i < outputs[0].elements(); ++i)
    write_real(outputs[0], i, sums[i] + (call.has(2) ? read_real(call.in(2), i / inner % y[1]) : 0));
}

Specs pool(const OpCall& call) {
  if (call.node->outputs.size() > 1) call.fail("the positions of maxima are not supported");
  const Windows w = windows_of(call, kernel_of(call));
  Shape to{call.in(0).shape()[0], call.in(0).shape()[1]};
  to.insert(to.end(), w.output.begin(), w.output.end());
  return {{{call.in(0).type(), to}}};
}

void run_pool(const OpCall& call, Outputs outputs) {
  const Shape& x = call.in(0).shape();
  const Windows w = windows_of(call, kernel_of(call));
  const auto extent = spatial(x);
  const std::int64_t inner = elements_of(extent), points = elements_of(w.output);
  const bool average = call.node->op == "AveragePool", count_pads = call.node->integer("count_include_pad", 0) != 0;
  for (std::int64_t plane = 0; plane < x[0] * x[1]; ++plane)
    for (std::int64_t at = 0; at < points; ++at) {
      double sum = 0, top = -std::numeric_limits<double>::infinity(), count = 0;
      visit_window(w, extent, at, [&](std::int64_t from, std::int64_t) {
        const double value = read_real(call.in(0), plane * inner + from);
        sum += value;
        top = std::max(top, value);
        ++count;
      });
      write_real(outputs[0], plane * points + at,
                 !average ? top : sum / (count_pads ? static_cast<double>(elements_of(w.kernel)) : count));
    }
}

Specs global_pool(const OpCall& call) {
  Shape to = call.in(0).shape();
  for (std::size_t i = 2; i < to.size(); ++i) to[i] = 1;
  return {{{call.in(0).type(), to}}};
}

void run_global_pool(const OpCall& call, Outputs outputs) {
  const std::int64_t inner = call.in(0).elements() / outputs[0].elements();
  for (std::int64_t i = 0; i < outputs[0].elements(); ++i) {
    double sum = 0, top = -std::numeric_limits<double>::infinity();
    for (std::int64_t j = 0; j < inner; ++j) {
      const double value = read_real(call.in(0), i * inner + j);
      sum += value;
      top = std::max(top, value);
    }
    write_real(outputs[0], i, call.node->op == "GlobalMaxPool" ? top : sum / static_cast<double>(inner));
  }
}

}  // namespace

bool Windows::padded() const {
  return std::any_of(before.begin(), before.end(), [](auto p) { return p != 0; }) ||
         std::any_of(after.begin(), after.end(), [](auto p) { return p != 0; });
}

Windows windows_of(const OpCall& call, const std::vector<std::int64_t>& kernel) {
  Windows w;
  w.kernel = kernel;
  read_attributes(call, w);
  const std::string automatic = call.node->word("auto_pad", "NOTSET");
  const bool ceil = call.node->integer("ceil_mode", 0) != 0;
  for (std::size_t i = 0; i < w.rank(); ++i) {
    const std::int64_t extent = call.in(0).shape()[i + 2], reach = w.dilation[i] * (w.kernel[i] - 1) + 1;
    if (automatic == "VALID") w.before[i] = w.after[i] = 0;
    if (automatic.starts_with("SAME")) {
      const std::int64_t out = (extent + w.stride[i] - 1) / w.stride[i];
      const std::int64_t total = std::max<std::int64_t>(0, (out - 1) * w.stride[i] + reach - extent);
      w.before[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.after[i] = total - w.before[i];
    }
    const std::int64_t room = extent + w.before[i] + w.after[i] - reach;
    if (room < 0) call.fail("its window is larger than its input");
    w.output.push_back((room + (ceil ? w.stride[i] - 1 : 0)) / w.stride[i] + 1);
    // The last window of ceil_mode starts inside the input or the padding before it.
    if (ceil && (w.output.back() - 1) * w.stride[i] >= extent + w.before[i]) --w.output.back();
    w.after[i] = std::max(w.after[i], (w.output.back() - 1) * w.stride[i] + reach - extent - w.before[i]);
  }
  return w;
}

Windows transposed_windows_of(const OpCall& call, const std::vector<std::int64_t>& kernel) {
  Windows w;
  w.kernel = kernel;
  read_attributes(call, w);
  const auto extra = call.node->list("output_padding", std::vector<std::int64_t>(w.rank(), 0));
  const auto given = call.node->list("output_shape", {});
  if (extra.size() != w.rank() || !given.empty() || call.node->word("auto_pad", "NOTSET") != "NOTSET")
    call.fail("output_shape and auto_pad are not supported");
  for (std::size_t i = 0; i < w.rank(); ++i) {
    w.output.push_back(w.stride[i] * (call.in(0).shape()[i + 2] - 1) + extra[i] + w.dilation[i] * (w.kernel[i] - 1) + 1 -
                       w.before[i] - w.after[i]);
    if (w.output.back() < 1) call.fail("its output is empty");
  }
  return w;
}

void add_windows(ReferenceOps& ops) {
  ops["Conv"] = {conv, run_conv};
  ops["ConvTranspose"] = {conv_transpose, run_conv_transpose};
  ops["MaxPool"] = {pool, run_pool};
  ops["AveragePool"] = {pool, run_pool};
  ops["GlobalAveragePool"] = {global_pool, run_global_pool};
  ops["GlobalMaxPool"] = {global_pool, run_global_pool};
}

}  // namespace perftune
