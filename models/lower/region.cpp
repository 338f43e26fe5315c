#include "models/lower/region.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codegen/contraction.hpp"
#include "codegen/map.hpp"
#include "codegen/row.hpp"
#include "models/lower/region_text.hpp"
#include "models/lower/region_writer.hpp"
#include "models/scalar_functions.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

bool any_of(const std::string& op, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return op == name; });
}

// Kernels compute with these: i64 arithmetic, for one, is exact only in the reference.
bool types_fit(const FlatGraph& graph, const FlatNode& node) {
  for (const int output : node.outputs) {
    if (output < 0) continue;
    const auto& spec = graph.values[static_cast<std::size_t>(output)].spec;
    if (!spec || spec->elements() == 0) return false;
    if (!is_floating(spec->type) && spec->type != Element::boolean) return false;
  }
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] < 0) continue;
    const Value& value = graph.values[static_cast<std::size_t>(node.inputs[i])];
    if (!value.spec || (value.spec->elements() == 0 && (i == 0 || !value.constant))) return false;
    if (value.spec->elements() == 0) continue;  // an optional input, given empty
    const bool number = value.constant && value.spec->elements() == 1 && is_floating(value.spec->type);
    const bool setting = i > 0 && value.constant && !is_floating(value.spec->type);  // axes and the like
    if (!number && !setting && !kernel_type(value.spec->type)) return false;
  }
  return true;
}

bool is_transposed_blocks(const FlatGraph& graph, const FlatNode& node) {
  const OpCall call = graph.call(node);
  const Shape& weight = call.in(1).shape();
  const Windows w = transposed_windows_of(call, {weight.begin() + 2, weight.end()});
  const auto extra = node.node.list("output_padding", {});
  return w.kernel == w.stride && !w.padded() && node.node.integer("group", 1) == 1 &&
         std::all_of(extra.begin(), extra.end(), [](auto e) { return e == 0; }) &&
         std::all_of(w.dilation.begin(), w.dilation.end(), [](auto d) { return d == 1; });
}

// Some family says the whole in its canonical form.
bool has_family(const Operator& op, std::string& why_not) {
  const auto contraction = canonicalise_contraction(op);
  if (contraction.form) return true;
  const auto rows = canonicalise_rows(op);
  if (rows.form) return true;
  const auto map = canonicalise_map(op);
  if (map.form) return true;
  why_not = contraction.why_not + "; " + rows.why_not + "; " + map.why_not;
  return false;
}

std::string region_name(const FlatGraph& graph, const std::vector<int>& nodes) {
  std::string text;
  constexpr std::size_t shown = 4;
  for (std::size_t i = 0; i < std::min(shown, nodes.size()); ++i)
    text += (text.empty() ? "" : "+") + graph.nodes[static_cast<std::size_t>(nodes[i])].node.op;
  if (nodes.size() > shown) text += fmt::format("+{}", nodes.size() - shown);
  std::erase_if(text, [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 32; });
  return text;
}

std::optional<LoweredOperator> parse(const RegionText& text, const std::string& name, const std::vector<int>& nodes,
                                     int output, std::string& why_not) {
  LoweredOperator lowered;
  const std::string yaml = text.yaml(name);
  try {
    lowered.op = parse_operator_text(yaml, name).at(0).op;
  } catch (const Error& error) {
    why_not = error.what();
    return std::nullopt;
  }
  if (!has_family(lowered.op, why_not)) return std::nullopt;
  for (const int input : lowered.op.inputs())
    lowered.inputs.push_back(text.tensors().at(lowered.op.tensors[static_cast<std::size_t>(input)].name));
  lowered.output = output;
  lowered.nodes = nodes;
  return lowered;
}

}  // namespace

NodeKind kind_of(const FlatGraph& graph, const FlatNode& node) {
  const std::string& op = node.node.op;
  if (node.node.has_graphs() || !types_fit(graph, node)) return NodeKind::none;
  const std::size_t outputs = static_cast<std::size_t>(std::count_if(node.outputs.begin(), node.outputs.end(), [](int v) { return v >= 0; }));
  if (outputs != 1 || node.outputs[0] < 0) return NodeKind::none;
  if (any_of(op, {"MatMul", "Gemm", "Conv"})) return NodeKind::contraction;
  if (op == "ConvTranspose") return is_transposed_blocks(graph, node) ? NodeKind::contraction : NodeKind::none;
  if (any_of(op, {"MaxPool", "AveragePool"})) return NodeKind::window;
  if (any_of(op, {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceSumSquare", "GlobalAveragePool", "GlobalMaxPool"}))
    return NodeKind::reduction;
  if (any_of(op, {"Softmax", "LogSoftmax", "LayerNormalization"})) return NodeKind::row;
  if (op == "BatchNormalization") return NodeKind::elementwise;
  if (op == "Gather") return NodeKind::gather;
  if (op == "Cast" || op == "Concat" || op == "Resize" || op == "Upsample" || op == "Pad") return NodeKind::elementwise;
  const OpCall call = graph.call(node);
  const std::size_t elements = element_inputs(call);
  if (elements > 0 && scalar_expression(call, std::vector<std::string>(elements, "a"))) return NodeKind::elementwise;
  return NodeKind::none;
}

std::optional<LoweredOperator> lower_region(const FlatGraph& graph, const std::vector<View>& views,
                                            const std::vector<int>& nodes, int output, std::string& why_not) {
  RegionWriter writer(graph, views);
  for (const int node : nodes)
    for (const int input : graph.nodes[static_cast<std::size_t>(node)].inputs) writer.will_read(input, graph.nodes[static_cast<std::size_t>(node)]);
  for (const int node : nodes)
    if (!writer.add(graph.nodes[static_cast<std::size_t>(node)], graph.nodes[static_cast<std::size_t>(node)].outputs[0] == output)) {
      why_not = writer.why_not;
      return std::nullopt;
    }
  return parse(writer.text(), region_name(graph, nodes), nodes, output, why_not);
}

std::optional<LoweredOperator> lower_copy(const FlatGraph& graph, const std::vector<View>& views, int value, int into,
                                          std::string& why_not) {
  RegionText text(graph, views);
  std::vector<Subscript> at;
  for (const std::int64_t extent : graph.values[static_cast<std::size_t>(value)].spec->shape) at.push_back(text.axis("i", extent));
  if (!kernel_type(graph.values[static_cast<std::size_t>(value)].spec->type)) {
    why_not = "kernels have no such type";
    return std::nullopt;
  }
  const std::string left = text.output(into, at);
  text.statement(left + " = " + text.read(value, at));
  return parse(text, "Copy", {}, into, why_not);
}

}  // namespace perftune
