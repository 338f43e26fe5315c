// Shapes, constants and branches of a model at given extents (flat_graph.hpp).
#include <algorithm>

#include "models/flat_graph.hpp"
#include "models/interpret.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

// Names seen from inside a graph: its own, then those of the graphs around it.
struct Scope {
  const Scope* outer = nullptr;
  std::map<std::string, int> own;

  int find(const std::string& name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer)
      if (const auto it = scope->own.find(name); it != scope->own.end()) return it->second;
    return -1;
  }
};

class Specialiser {
 public:
  Specialiser(const Model& model, const ModelExtents& extents) : model_(model), extents_(extents) {}

  FlatGraph run() {
    flat_.name = model_.name;
    flat_.opset = model_.opset;
    check_names();
    Scope scope;
    for (const GraphInput& input : model_.graph->inputs) {
      const int value = flat_.add(input_value(input));
      scope.own[input.name] = value;
      flat_.inputs.push_back(value);
    }
    flat_.outputs = inside(*model_.graph, scope);
    flat_.output_names = model_.graph->outputs;
    flat_.prune();
    return std::move(flat_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(ErrorKind::usage, model_.path + ": " + what); }

  // A name that is neither a dimension nor an input is a typing mistake.
  void check_names() const {
    std::vector<std::string> known;
    for (const GraphInput& input : model_.graph->inputs) {
      known.push_back(input.name);
      for (const auto& dim : input.shape)
        if (dim.extent < 0 && !dim.symbol.empty()) known.push_back(dim.symbol);
    }
    const auto check = [&](const std::string& name) {
      if (std::find(known.begin(), known.end(), name) != known.end()) return;
      std::sort(known.begin(), known.end());
      known.erase(std::unique(known.begin(), known.end()), known.end());
      std::string list;
      for (const auto& other : known) list += (list.empty() ? "" : ", ") + other;
      fail("it has no dimension or input '" + name + "'; it has " + list);
    };
    for (const auto& [name, extent] : extents_.dims) check(name);
    for (const auto& [name, shape] : extents_.shapes) check(name);
  }

  Value input_value(const GraphInput& input) const {
    Value value{input.name, ArraySpec{input.type, {}}, {}};
    Shape& shape = value.spec->shape;
    const auto given = extents_.shapes.find(input.name);
    if (given != extents_.shapes.end() && given->second.size() != input.shape.size())
      fail("input '" + input.name + "' has " + std::to_string(input.shape.size()) + " dimensions, not " +
           std::to_string(given->second.size()));
    for (std::size_t i = 0; i < input.shape.size(); ++i) {
      const auto& dim = input.shape[i];
      std::int64_t extent = given != extents_.shapes.end() ? given->second[i] : -1;
      if (extent < 0 && dim.extent >= 0) extent = dim.extent;
      if (const auto it = extents_.dims.find(dim.symbol); extent < 0 && it != extents_.dims.end()) extent = it->second;
      if (extent < 0)
        fail("dimension " + std::to_string(i) + (dim.symbol.empty() ? "" : " ('" + dim.symbol + "')") + " of input '" + input.name +
             "' is not given; add --dim " + (dim.symbol.empty() || dim.symbol == "?" ? input.name + "=" + shape_hint(input) : dim.symbol + "=1"));
      if (dim.extent >= 0 && extent != dim.extent)
        fail("input '" + input.name + "': dimension " + std::to_string(i) + " is " + std::to_string(dim.extent) + ", not " + std::to_string(extent));
      shape.push_back(extent);
    }
    if (const auto it = extents_.values.find(input.name); it != extents_.values.end() && it->second->spec == *value.spec)
      value.constant = it->second;
    const auto scalar = extents_.dims.find(input.name);
    if (!value.constant && scalar != extents_.dims.end() && !is_floating(input.type) && elements_of(shape) == 1) {
      auto array = std::make_shared<Array>(*value.spec);
      write_integer(array->view(), 0, scalar->second);
      value.constant = std::move(array);
    }
    return value;
  }

  static std::string shape_hint(const GraphInput& input) {
    std::string text;
    for (const auto& dim : input.shape) text += (text.empty() ? "" : ",") + std::to_string(std::max<std::int64_t>(1, dim.extent));
    return text;
  }

  // Values of the graph's outputs.
  std::vector<int> inside(const Graph& graph, Scope& scope) {
    for (const auto& [name, array] : graph.constants) scope.own[name] = flat_.add({name, array->spec, array});
    for (const Node& node : graph.nodes) add(node, scope);
    std::vector<int> outputs;
    for (const auto& name : graph.outputs) outputs.push_back(scope.find(name));
    return outputs;
  }

  void add(const Node& node, Scope& scope) {
    FlatNode flat;
    flat.node = node;
    for (const auto& name : node.inputs) flat.inputs.push_back(name.empty() ? -1 : scope.find(name));
    const auto constant = [&](int value) { return value < 0 || flat_.values[value].constant != nullptr; };
    if (node.op == "If" && !flat.inputs.empty() && flat.inputs[0] >= 0 && constant(flat.inputs[0])) {
      take_branch(node, read_integer(flat_.values[flat.inputs[0]].constant->view(), 0) != 0, scope);
      return;
    }
    const bool all = std::all_of(flat.inputs.begin(), flat.inputs.end(), constant);
    if (node.has_graphs()) {
      if (!is_control_flow(node.op)) fail(node.label() + ": no operator of that name is known here");
      for (const auto& [name, attribute] : node.attributes)
        if (const auto inner = node.graph(name)) capture(*inner, scope, flat.captured);
      finish(std::move(flat), std::nullopt, scope);
      return;
    }
    const auto op = reference_ops().find(node.op);
    if (op == reference_ops().end()) fail(node.label() + ": no operator of that name is known here");
    const bool shapes = std::all_of(flat.inputs.begin(), flat.inputs.end(),
                                    [&](int value) { return value < 0 || flat_.values[value].spec.has_value(); });
    const OpCall call = flat_.call(flat);
    std::optional<std::vector<ArraySpec>> specs;
    try {
      if (shapes) specs = op->second.infer(call);
      if (specs) check(call, *specs);
      if (specs && (all || node.op == "Shape" || node.op == "Size")) {
        fold(op->second, call, *specs, node, scope);
        return;
      }
    } catch (const Error& error) {
      fail(error.what());
    }
    finish(std::move(flat), specs, scope);
  }

  static void check(const OpCall& call, const std::vector<ArraySpec>& specs) {
    if (specs.size() < call.node->outputs.size()) call.fail("more outputs are asked for than are supported");
    for (const ArraySpec& spec : specs) {
      std::int64_t product = 1;
      for (const std::int64_t extent : spec.shape) {
        if (extent < 0 || (extent > 0 && product > (std::int64_t{1} << 40) / extent)) call.fail("its output " + text(spec.shape) + " is negative or too large");
        product *= extent;
      }
    }
  }

  void finish(FlatNode flat, const std::optional<std::vector<ArraySpec>>& specs, Scope& scope) {
    for (std::size_t i = 0; i < flat.node.outputs.size(); ++i) {
      const std::string& name = flat.node.outputs[i];
      flat.outputs.push_back(name.empty() ? -1 : flat_.add({name, specs ? std::optional((*specs)[i]) : std::nullopt, {}}));
      if (!name.empty()) scope.own[name] = flat.outputs.back();
    }
    flat_.nodes.push_back(std::move(flat));
  }

  void fold(const ReferenceOp& op, const OpCall& call, const std::vector<ArraySpec>& specs, const Node& node, Scope& scope) {
    std::vector<std::shared_ptr<Array>> arrays;
    std::vector<ArrayView> views;
    for (const ArraySpec& spec : specs) {
      arrays.push_back(std::make_shared<Array>(spec));
      views.push_back(arrays.back()->view());
    }
    op.compute(call, views);
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (!node.outputs[i].empty()) scope.own[node.outputs[i]] = flat_.add({node.outputs[i], specs[i], arrays[i]});
  }

  void take_branch(const Node& node, bool yes, Scope& scope) {
    const auto branch = node.graph(yes ? "then_branch" : "else_branch");
    if (!branch || branch->outputs.size() < node.outputs.size()) fail(node.label() + ": a branch is missing or has too few outputs");
    Scope inner{&scope, {}};
    const auto outputs = inside(*branch, inner);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) scope.own[node.outputs[i]] = outputs[i];
  }

  static void capture(const Graph& graph, const Scope& scope, std::map<std::string, int>& into) {
    const auto see = [&](const std::string& name) {
      if (const int value = scope.find(name); value >= 0) into[name] = value;
    };
    for (const Node& node : graph.nodes) {
      for (const auto& name : node.inputs) see(name);
      for (const auto& [name, attribute] : node.attributes)
        if (const auto inner = node.graph(name)) capture(*inner, scope, into);
    }
    for (const auto& name : graph.outputs) see(name);
  }

  const Model& model_;
  const ModelExtents& extents_;
  FlatGraph flat_;
};

}  // namespace

FlatGraph specialise(const Model& model, const ModelExtents& extents) { return Specialiser(model, extents).run(); }

}  // namespace perftune
