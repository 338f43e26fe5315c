#include "models/lower/lowered_graph.hpp"

#include <algorithm>
#include <set>

namespace perftune {
namespace {

constexpr std::size_t kLargestRegion = 32;  // nodes

class Lowering {
 public:
  explicit Lowering(FlatGraph graph) { result_.graph = std::move(graph); }

  LoweredGraph run() {
    FlatGraph& graph = result_.graph;
    uses_ = graph.uses();
    readers_.resize(graph.values.size());
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
      for (const int input : graph.nodes[n].inputs)
        if (input >= 0) readers_[input].push_back(static_cast<int>(n));
      for (const auto& captured : graph.nodes[n].captured) readers_[captured.second].push_back(static_cast<int>(n));
    }
    done_.assign(graph.nodes.size(), false);
    result_.views.resize(graph.values.size());
    ready_.assign(graph.values.size(), false);
    for (std::size_t v = 0; v < graph.values.size(); ++v)
      if (graph.values[v].constant) own(static_cast<int>(v));
    for (const int input : graph.inputs) own(input);
    for (std::size_t n = 0; n < done_.size(); ++n)
      if (!done_[n]) node(static_cast<int>(n));
    for (int& output : graph.outputs) output = in_order(output);
    return std::move(result_);
  }

 private:
  const FlatNode& at(int n) const { return result_.graph.nodes[static_cast<std::size_t>(n)]; }
  const Value& value(int v) const { return result_.graph.values[static_cast<std::size_t>(v)]; }

  void own(int v) {
    ready_[v] = true;
    result_.views[v] = whole(v, value(v).spec ? value(v).spec->shape : Shape{});
  }

  void node(int n) {
    if (is_view_op(at(n).node.op) && view(n)) return;
    if (kind_of(result_.graph, at(n)) != NodeKind::none && region(n)) return;
    reference(n);
  }

  bool view(int n) {
    const FlatNode& flat = at(n);
    const int input = flat.inputs[0];
    if (input < 0 || !ready_[input] || !value(input).spec) return false;
    std::vector<View> made;
    for (std::size_t i = 0; i < flat.outputs.size(); ++i) {
      if (flat.outputs[i] < 0) {
        made.emplace_back();
        continue;
      }
      if (!value(flat.outputs[i]).spec) return false;
      const OpCall call = result_.graph.call(flat);
      auto through = view_through(call, result_.views[input], value(flat.outputs[i]).spec->shape, i);
      // What strides cannot say of a view they can of its copy; not so for a gather.
      if (!through && (flat.node.op == "Gather" || flat.node.op == "Slice" || flat.node.op == "Dropout")) return false;
      if (!through) {
        const int copy = in_order(input);
        through = view_through(call, result_.views[copy], value(flat.outputs[i]).spec->shape, i);
      }
      if (!through) return false;
      made.push_back(*std::move(through));
    }
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (flat.outputs[i] < 0) continue;
      result_.views[flat.outputs[i]] = made[i];
      ready_[flat.outputs[i]] = true;
    }
    done_[n] = true;
    return true;
  }

  // The value in memory of its own, row-major; a copy where it is a view. A view that is its base's
  // whole memory in order stays one.
  int in_order(int v) {
    if (v < 0 || !ready_[v] || !value(v).spec) return v;
    const View& view = result_.views[v];
    const bool all = value(view.base).spec && value(view.base).spec->elements() == value(v).spec->elements();
    if (view.contiguous(value(v).spec->shape) && all) return v;
    if (const auto it = copies_.find(v); it != copies_.end()) return it->second;
    FlatGraph& graph = result_.graph;
    const Value copy{value(v).name, value(v).spec, {}};
    const int into = graph.add(copy);
    result_.views.emplace_back();
    readers_.emplace_back();
    uses_.push_back(1);
    ready_.push_back(false);
    own(into);
    LoweredGraph::Step step;
    step.kernel = lower_copy(graph, result_.views, v, into, step.why_not);
    if (!step.kernel) {  // a type that kernels have not: the reference copies
      FlatNode node;
      node.node.op = "perftune.Copy";
      node.node.outputs = {copy.name};
      node.inputs = {v};
      node.outputs = {into};
      graph.nodes.push_back(std::move(node));
      done_.push_back(true);
      step.node = static_cast<int>(graph.nodes.size()) - 1;
    }
    result_.steps.push_back(std::move(step));
    copies_[v] = into;
    return into;
  }

  void reference(int n) {
    FlatNode& flat = result_.graph.nodes[static_cast<std::size_t>(n)];
    for (std::size_t i = 0; i < flat.inputs.size(); ++i) {
      const int ordered = in_order(at(n).inputs[i]);
      result_.graph.nodes[static_cast<std::size_t>(n)].inputs[i] = ordered;
    }
    std::map<std::string, int> captured = at(n).captured;
    for (auto& entry : captured) entry.second = in_order(entry.second);
    result_.graph.nodes[static_cast<std::size_t>(n)].captured = std::move(captured);
    for (const int output : at(n).outputs)
      if (output >= 0) own(output);
    done_[n] = true;
    LoweredGraph::Step step;
    step.node = n;
    step.why_not = why_not_.contains(n) ? why_not_.at(n) : "kernels do not compute it";
    result_.steps.push_back(std::move(step));
  }

  // Grows from `seed` and writes the largest operator that one value leaves and some family takes.
  bool region(int seed) {
    for (const int input : at(seed).inputs)
      if (input >= 0 && !ready_[input]) return false;
    const NodeKind kind = kind_of(result_.graph, at(seed));
    if (kind == NodeKind::contraction || kind == NodeKind::window || at(seed).node.op == "Concat" || at(seed).node.op == "Pad") {
      // Windows leave memory of their own only.
      const bool product = at(seed).node.op == "MatMul" || at(seed).node.op == "Gemm";
      const std::size_t count = at(seed).node.op == "Concat" ? at(seed).inputs.size() : 1;
      for (std::size_t i = 0; !product && i < count; ++i) {
        const int ordered = in_order(at(seed).inputs[i]);
        result_.graph.nodes[static_cast<std::size_t>(seed)].inputs[i] = ordered;
      }
    }
    std::vector<int> nodes{seed};
    std::set<int> inside{at(seed).outputs[0]};
    std::vector<std::pair<std::size_t, int>> snapshots;  // how many nodes, and the one value that leaves
    const auto snapshot = [&] {
      int leaving = -1, count = 0;
      for (const int v : inside) {
        const bool leaves = is_output(v) || std::any_of(readers_[v].begin(), readers_[v].end(), [&](int reader) {
                              return std::find(nodes.begin(), nodes.end(), reader) == nodes.end();
                            });
        if (leaves) leaving = v, ++count;
      }
      if (count == 1) snapshots.emplace_back(nodes.size(), leaving);
    };
    snapshot();
    while (nodes.size() < kLargestRegion) {
      const int next = absorbable(nodes, inside, kind);
      if (next < 0) break;
      nodes.push_back(next);
      inside.insert(at(next).outputs[0]);
      snapshot();
    }
    for (auto it = snapshots.rbegin(); it != snapshots.rend(); ++it) {
      std::vector<int> part(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(it->first));
      std::string why_not;
      auto lowered = lower_region(result_.graph, result_.views, part, it->second, why_not);
      if (!lowered) {
        why_not_[seed] = why_not;
        continue;
      }
      for (const int n : part) done_[n] = true;
      own(it->second);
      LoweredGraph::Step step;
      step.kernel = std::move(lowered);
      result_.steps.push_back(std::move(step));
      return true;
    }
    return false;
  }

  bool is_output(int v) const {
    const auto& outputs = result_.graph.outputs;
    return std::find(outputs.begin(), outputs.end(), v) != outputs.end();
  }

  // A transposition whose result is reshaped: better written in its order than copied into it.
  bool turns_for_reshape(int n) const {
    const int output = at(n).outputs[0];
    const auto& readers = readers_[output];
    if (readers.size() != 1 || is_output(output)) return false;
    const std::string& op = at(readers[0]).node.op;
    return op == "Reshape" || op == "Flatten";
  }

  // The first node in the model's order that reads the region and needs nothing that is not there.
  int absorbable(const std::vector<int>& nodes, const std::set<int>& inside, NodeKind seed) const {
    int best = -1;
    const bool one_statement = seed == NodeKind::contraction || seed == NodeKind::window;
    const std::int64_t elements = value(at(nodes[0]).outputs[0]).spec->elements();
    for (const int v : inside)
      for (const int n : readers_[v]) {
        if (done_[n] || (best >= 0 && n >= best) || std::find(nodes.begin(), nodes.end(), n) != nodes.end()) continue;
        const NodeKind kind = kind_of(result_.graph, at(n));
        const std::string& op = at(n).node.op;
        const bool own_memory = op == "Concat" || op == "Resize" || op == "Upsample" || op == "Pad" || kind == NodeKind::gather;
        if (own_memory) continue;
        const bool turned = op == "Transpose" && seed == NodeKind::contraction && turns_for_reshape(n);
        if (!turned && kind != NodeKind::elementwise && (one_statement || (kind != NodeKind::reduction && kind != NodeKind::row))) continue;
        const std::int64_t made = value(at(n).outputs[0]).spec->elements();
        if (one_statement && made != elements) continue;
        const bool there = std::all_of(at(n).inputs.begin(), at(n).inputs.end(),
                                       [&](int input) { return input < 0 || ready_[input] || inside.contains(input); });
        if (there) best = n;
      }
    return best;
  }

  LoweredGraph result_;
  std::vector<int> uses_;
  std::vector<std::vector<int>> readers_;  // by value: nodes
  std::vector<bool> done_, ready_;         // nodes; values whose view is known
  std::map<int, int> copies_;
  std::map<int, std::string> why_not_;     // by node
};

}  // namespace

LoweredGraph lower(FlatGraph graph) { return Lowering(std::move(graph)).run(); }

}  // namespace perftune
