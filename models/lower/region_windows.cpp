// Convolutions, poolings, resizing and padding as statements.
#include <fmt/format.h>

#include "models/lower/region_writer.hpp"
#include "models/resize.hpp"
#include "models/slices.hpp"

namespace perftune {
namespace {

constexpr const char* output_names[][3] = {{"ox", "", ""}, {"oy", "ox", ""}, {"oz", "oy", "ox"}};
constexpr const char* kernel_names[][3] = {{"s", "", ""}, {"r", "s", ""}, {"q", "r", "s"}};
constexpr const char* input_names[][3] = {{"w", "", ""}, {"h", "w", ""}, {"d", "h", "w"}};

std::string scaled(const std::string& text, std::int64_t by) {
  return by == 1 || text == "0" ? text : fmt::format("{}*{}", text, by);
}

std::string list_of(const std::vector<Subscript>& axes, std::string list = "") {
  for (const Subscript& axis : axes)
    if (axis.extent > 1) list += (list.empty() ? "" : ",") + axis.text;
  return list;
}

}  // namespace

RegionWriter::WindowAxes RegionWriter::window_axes(const Windows& w, const Shape& input) {
  WindowAxes axes;
  const std::size_t rank = w.rank() - 1;
  for (std::size_t i = 0; i < w.rank(); ++i) {
    const std::int64_t extent = input[i + 2], pads = w.before[i] + w.after[i];
    const Subscript kernel = text_.axis(kernel_names[rank][i], w.kernel[i]);
    const std::string h = text_.fresh(input_names[rank][i]);
    text_.dimension(h, extent);
    const std::string reach = scaled("(" + kernel.extent_text + " - 1)", w.dilation[i]);
    const Subscript output = text_.axis(output_names[rank][i], w.output[i],
                                        fmt::format("({} + {} - {} - 1) / {} + 1", h, pads, reach, w.stride[i]));
    std::string at = scaled(output.text, w.stride[i]);
    if (kernel.text != "0") at = (at == "0" ? "" : at + " + ") + scaled(kernel.text, w.dilation[i]);
    if (w.before[i] > 0) at += fmt::format(" - {}", w.before[i]);
    axes.output.push_back(output);
    axes.kernel.push_back(kernel);
    axes.input.push_back({at, extent, h, true});
  }
  return axes;
}

bool RegionWriter::conv(const FlatNode& node, Inside& out) {
  inlined_ = true;
  const OpCall call = graph_.call(node);
  const Shape &x = shape(node.inputs[0]), &weight = shape(node.inputs[1]);
  if (x.size() > 5 || !contiguous(node.inputs[0])) return decline("its input is a view");
  const std::int64_t groups = node.node.integer("group", 1), filters = weight[0] / groups;
  const Windows w = windows_of(call, {weight.begin() + 2, weight.end()});
  const Subscript n = text_.axis("n", x[0]);
  const Subscript g = text_.axis("g", groups), f = text_.axis("f", filters), c = text_.axis("c", weight[1]);
  const WindowAxes axes = window_axes(w, x);
  // A channel's number: the group's, then the one inside the group.
  const auto channel = [](const Subscript& group, const Subscript& inner, std::int64_t all) {
    if (group.extent == 1) return inner;
    if (inner.extent == 1) return group;
    return Subscript{fmt::format("{}*{} + {}", group.text, inner.extent, inner.text), all, std::to_string(all)};
  };
  const Subscript filter = channel(g, f, weight[0]);
  std::vector<Subscript> at_x{n, channel(g, c, x[1])}, at_w{filter, c};
  at_x.insert(at_x.end(), axes.input.begin(), axes.input.end());
  at_w.insert(at_w.end(), axes.kernel.begin(), axes.kernel.end());
  out.at = {n, filter};
  out.at.insert(out.at.end(), axes.output.begin(), axes.output.end());
  const std::string body = text_.read(node.inputs[0], at_x, w.padded() ? "0" : nullptr) + " * " + text_.read(node.inputs[1], at_w);
  const std::string bound = list_of(axes.kernel, c.extent > 1 ? c.text : "");
  out.text = bound.empty() ? "(" + body + ")" : fmt::format("sum[{}]({})", bound, body);
  if (call.has(2)) out.text = fmt::format("({} + {})", out.text, text_.read(node.inputs[2], {filter}));
  return true;
}

// Kernel and stride are equal: every output element is written by one window.
bool RegionWriter::conv_transpose(const FlatNode& node, Inside& out) {
  inlined_ = true;
  const OpCall call = graph_.call(node);
  const Shape &x = shape(node.inputs[0]), &weight = shape(node.inputs[1]);
  if (x.size() > 5) return decline("it has more than three spatial dimensions");
  const Windows w = transposed_windows_of(call, {weight.begin() + 2, weight.end()});
  const Subscript n = text_.axis("n", x[0]), f = text_.axis("f", weight[1]), c = text_.axis("c", x[1]);
  std::vector<Subscript> at_x{n, c}, at_w{c, f};
  out.at = {n, f};
  for (std::size_t i = 0; i < w.rank(); ++i) {
    const Subscript position = text_.axis(input_names[w.rank() - 1][i], x[i + 2]);
    const Subscript tap = text_.axis(kernel_names[w.rank() - 1][i], w.kernel[i]);
    at_x.push_back(position);
    at_w.push_back(tap);
    if (tap.extent == 1 || position.extent == 1) out.at.push_back(tap.extent == 1 ? position : tap);
    else
      out.at.push_back({fmt::format("{}*{} + {}", position.text, w.kernel[i], tap.text), position.extent * tap.extent,
                        fmt::format("{}*{}", position.text, w.kernel[i])});
  }
  const std::string body = text_.read(node.inputs[0], at_x) + " * " + text_.read(node.inputs[1], at_w);
  out.text = c.extent == 1 ? "(" + body + ")" : fmt::format("sum[{}]({})", c.text, body);
  if (call.has(2)) out.text = fmt::format("({} + {})", out.text, text_.read(node.inputs[2], {f}));
  return true;
}

bool RegionWriter::pool(const FlatNode& node, Inside& out) {
  inlined_ = true;
  const OpCall call = graph_.call(node);
  const Shape& x = shape(node.inputs[0]);
  if (x.size() > 5 || !contiguous(node.inputs[0])) return decline("its input is a view");
  const Windows w = windows_of(call, node.node.list("kernel_shape", {}));
  const Subscript n = text_.axis("n", x[0]), c = text_.axis("c", x[1]);
  const WindowAxes axes = window_axes(w, x);
  const std::string bound = list_of(axes.kernel);
  if (bound.empty()) return decline("its window is one element");
  out.at = {n, c};
  out.at.insert(out.at.end(), axes.output.begin(), axes.output.end());
  std::vector<Subscript> at{n, c};
  at.insert(at.end(), axes.input.begin(), axes.input.end());
  const bool average = node.node.op == "AveragePool";
  out.text = fmt::format("{}[{}]({})", average ? "sum" : "max", bound,
                         text_.read(node.inputs[0], at, !w.padded() ? nullptr : average ? "0" : "-inf"));
  if (!average) return true;
  if (!w.padded()) {
    out.text = fmt::format("({} / {})", out.text, elements_of(w.kernel));
    return true;
  }
  // Elements of the window that lie inside, or inside the padding that counts.
  const bool pads_count = node.node.integer("count_include_pad", 0) != 0;
  if (pads_count && node.node.integer("ceil_mode", 0) != 0) return decline("its last windows reach beyond the padding");
  std::string count;
  for (std::size_t i = 0; i < w.rank(); ++i) {
    const std::string first = fmt::format("{} - {}", scaled(axes.output[i].text, w.stride[i]), w.before[i]);
    if (w.dilation[i] != 1 && !pads_count) return decline("it is dilated and padded");
    const std::string inside = pads_count ? std::to_string(w.kernel[i])
                                          : fmt::format("(min({} + {}, {}) - max({}, 0))", first, w.kernel[i], x[i + 2], first);
    count += (count.empty() ? "" : " * ") + inside;
  }
  out.text = fmt::format("({} / ({}))", out.text, count);
  return true;
}

// Whole scales, nearest: a position divided. Everything else is the reference's.
bool RegionWriter::resize(const FlatNode& node, Inside& out) {
  const OpCall call = graph_.call(node);
  const auto scales = resize_scales(call);
  if (!scales || node.node.word("mode", "nearest") != "nearest") return decline("its mode is not nearest");
  const Shape &from = shape(node.inputs[0]), &to = shape(node.outputs[0]);
  std::vector<Subscript> at;
  for (std::size_t d = 0; d < from.size(); ++d) {
    const std::int64_t by = from[d] == 0 ? 0 : to[d] / from[d];
    if (by < 1 || by * from[d] != to[d]) return decline("its scale is no whole number");
    for (std::int64_t i = 0; i < to[d]; ++i)
      if (nearest_source(call, resize_source(call, i, from[d], to[d], scales->scale[d]), from[d]) != i / by)
        return decline("its coordinates are not those of repeated elements");
    out.at.push_back(text_.axis("i", to[d]));
    at.push_back(by == 1 ? out.at.back()
                         : Subscript{fmt::format("{} / {}", out.at.back().text, by), from[d], std::to_string(from[d])});
  }
  out.text = text_.read(node.inputs[0], at);
  return true;
}

bool RegionWriter::pad(const FlatNode& node, Inside& out) {
  const OpCall call = graph_.call(node);
  const auto padding = padding_of(call);
  if (!padding || padding->mode != "constant" || !contiguous(node.inputs[0]) || !call.known(2)) return decline("it is no constant padding");
  const double value = call.has(2) && call.in(2).elements() > 0 ? read_real(call.in(2), 0) : node.node.real("value", 0);
  std::vector<Subscript> at;
  for (std::size_t d = 0; d < padding->before.size(); ++d) {
    const std::int64_t extent = shape(node.inputs[0])[d];
    out.at.push_back(text_.axis("i", shape(node.outputs[0])[d]));
    at.push_back(out.at.back());
    if (padding->before[d] == 0 && padding->after[d] == 0) continue;
    if (padding->before[d] < 0 || padding->after[d] < 0) return decline("it crops");
    at.back() = {fmt::format("{} - {}", out.at.back().text, padding->before[d]), extent, std::to_string(extent), true};
  }
  out.text = text_.read(node.inputs[0], at, fmt::format("{:g}", value).c_str());
  return true;
}

}  // namespace perftune
