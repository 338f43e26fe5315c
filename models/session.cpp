#include "models/session.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "executor/guarded_buffer.hpp"
#include "models/memory_plan.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using Call = std::function<void()>;

double now_us() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

struct Session::Parts {
  Parts(LoweredGraph graph, std::unique_ptr<SessionDevice> place) : lowered(std::move(graph)), device(std::move(place)) {}

  LoweredGraph lowered;
  std::unique_ptr<SessionDevice> device;
  GuardedBuffer arena, constants;
  std::vector<std::byte*> memory;  // by value: of base values; null: held apart
  Arrays apart;                    // by value: shapes known only now
  std::vector<std::unique_ptr<KernelCall>> kernels;
  std::vector<GuardedBuffer> parts_memory;  // between the kernels of one operator
  struct Step {
    std::vector<KernelCall*> kernels;
    Call call;  // where there is no kernel
  };
  std::vector<Step> steps;
  std::vector<Call> calls;  // the steps, those that follow each other on the device as one
  std::vector<std::unique_ptr<KernelCall>> sequences;

  const FlatGraph& graph() const { return lowered.graph; }
  const Value& value(int v) const { return graph().values[static_cast<std::size_t>(v)]; }
  int base(int v) const { return value(v).spec ? lowered.views[static_cast<std::size_t>(v)].base : v; }

  void place();
  void place_constants();
  ArrayView view_of(int v) const;
  std::shared_ptr<const Array> array_of(int v) const;
  std::span<std::byte> memory_of(int v) const;  // of its base; empty: a constant, or held apart
  Call reference(int node);
  Call on_host(int node);
  void run(const Step& step) const;
  void join_steps();
};

// Base values get offsets by who writes and who reads them; constants an arena of their own, which
// large pages can serve.
void Session::Parts::place() {
  const auto count = graph().values.size();
  const int steps_count = static_cast<int>(lowered.steps.size());
  std::vector<int> first(count, -1), last(count, -1);
  const auto read = [&](int v, int step) {
    if (v >= 0 && base(v) >= 0) last[base(v)] = std::max(last[base(v)], step);
  };
  for (const int input : graph().inputs) first[input] = 0, last[input] = steps_count;  // kept for the next run
  for (int s = 0; s < steps_count; ++s) {
    const auto& step = lowered.steps[s];
    if (step.kernel) {
      first[step.kernel->output] = s;
      read(step.kernel->output, s);
      for (const int input : step.kernel->inputs) read(input, s);
      // On the reference, should no kernel be found.
      for (const int node : step.kernel->nodes)
        for (const int input : graph().nodes[node].inputs) read(input, s);
      continue;
    }
    const FlatNode& node = graph().nodes[step.node];
    for (const int output : node.outputs)
      if (output >= 0) first[output] = s, read(output, s);
    for (const int input : node.inputs) read(input, s);
    for (const auto& captured : node.captured) read(captured.second, s);
  }
  for (const int output : graph().outputs) read(output, steps_count);
  std::vector<Lifetime> lifetimes;
  std::vector<int> whose;
  for (std::size_t v = 0; v < count; ++v) {
    if (first[v] < 0 || !graph().values[v].spec || graph().values[v].constant) continue;
    lifetimes.push_back({first[v], std::max(first[v], last[v]), graph().values[v].spec->bytes()});
    whose.push_back(static_cast<int>(v));
  }
  const MemoryPlan plan = plan_memory(lifetimes);
  arena = GuardedBuffer(plan.bytes + 64);
  memory.assign(count, nullptr);
  apart.resize(count);
  for (std::size_t i = 0; i < whose.size(); ++i) memory[whose[i]] = arena.data() + plan.offsets[i];
  place_constants();
}

void Session::Parts::place_constants() {
  std::vector<bool> used(memory.size(), false);
  for (const auto& step : lowered.steps) {
    if (!step.kernel) continue;
    for (const int input : step.kernel->inputs)
      if (value(input).constant) used[input] = true;
  }
  std::size_t bytes = 0;
  const auto rounded = [](std::size_t size) { return (size + 63) / 64 * 64; };
  for (std::size_t v = 0; v < used.size(); ++v)
    if (used[v]) bytes += rounded(graph().values[v].constant->data.size());
  constants = GuardedBuffer(bytes + 64);
  std::byte* at = constants.data();
  for (std::size_t v = 0; v < used.size(); ++v) {
    if (!graph().values[v].constant) continue;
    const auto& data = graph().values[v].constant->data;
    memory[v] = const_cast<std::byte*>(data.data());
    if (!used[v]) continue;
    std::memcpy(at, data.data(), data.size());
    memory[v] = at;
    at += rounded(data.size());
  }
}

// Of a value that is row-major from the start of its base.
ArrayView Session::Parts::view_of(int v) const { return {*value(v).spec, memory[base(v)]}; }

std::span<std::byte> Session::Parts::memory_of(int v) const {
  if (v < 0 || base(v) < 0 || value(base(v)).constant || memory[base(v)] == nullptr) return {};
  return {memory[base(v)], static_cast<std::size_t>(value(base(v)).spec->bytes())};
}

std::shared_ptr<const Array> Session::Parts::array_of(int v) const {
  if (v < 0) return nullptr;
  if (value(v).constant) return value(v).constant;
  if (!value(v).spec) return apart[v];
  auto array = std::make_shared<Array>(*value(v).spec);
  const View& view = lowered.views[v];
  const std::size_t bytes = size_bytes(array->spec.type);
  if (view.contiguous(array->spec.shape)) {
    if (!array->data.empty()) std::memcpy(array->data.data(), memory[view.base], array->data.size());
    return array;
  }
  for_each_point(array->spec.shape, {view.strides}, [&](std::int64_t at, const std::vector<std::int64_t>& from) {
    std::memcpy(array->data.data() + static_cast<std::size_t>(at) * bytes,
                memory[view.base] + static_cast<std::size_t>(view.offset + from[0]) * bytes, bytes);
  });
  return array;
}

// A node on its reference. Shapes that are all known: pointers are bound once.
Call Session::Parts::reference(int n) {
  const FlatNode& node = graph().nodes[n];
  const auto known = [&](int v) { return v < 0 || (value(v).spec && memory[base(v)] != nullptr && lowered.views[v].contiguous(value(v).spec->shape)); };
  const bool bound = !node.node.has_graphs() && std::all_of(node.inputs.begin(), node.inputs.end(), known) &&
                     std::all_of(node.outputs.begin(), node.outputs.end(), [&](int v) { return v >= 0 && known(v); });
  if (bound) {
    OpCall call = graph().call(node);
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i] >= 0) call.inputs[i] = view_of(node.inputs[i]);
    std::vector<ArrayView> outputs;
    for (const int output : node.outputs) outputs.push_back(view_of(output));
    const ReferenceOp* op = &reference_ops().find(node.node.op)->second;
    return [op, call = std::move(call), outputs = std::move(outputs)] { op->compute(call, outputs); };
  }
  return [this, &node] {
    Arrays inputs;
    std::map<std::string, std::shared_ptr<const Array>> captured;
    for (const int input : node.inputs) inputs.push_back(array_of(input));
    for (const auto& [name, v] : node.captured) captured[name] = array_of(v);
    const Arrays made = interpret_node(node.node, graph().opset, inputs, captured);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      const int output = node.outputs[i];
      if (output < 0) continue;
      if (memory[output] != nullptr) std::memcpy(memory[output], made.at(i)->data.data(), made[i]->data.size());
      else apart[output] = made.at(i);
    }
  };
}

// The same between copies, for devices that have a memory of their own.
Call Session::Parts::on_host(int n) {
  std::vector<std::span<std::byte>> read, written;
  const FlatNode& node = graph().nodes[n];
  const auto note = [&](std::vector<std::span<std::byte>>& spans, int v) {
    if (const auto span = memory_of(v); !span.empty()) spans.push_back(span);
  };
  for (const int input : node.inputs) note(read, input);
  for (const auto& captured : node.captured) note(read, captured.second);
  for (const int output : node.outputs) note(written, output);
  return [this, call = reference(n), read = std::move(read), written = std::move(written)] {
    for (const auto span : read) device->to_host(span);
    call();
    for (const auto span : written) device->to_device(span);
  };
}

void Session::Parts::run(const Step& step) const {
  if (step.call) step.call();
  else
    for (const KernelCall* kernel : step.kernels) kernel->run();
}

void Session::Parts::join_steps() {
  for (std::size_t s = 0; s < steps.size();) {
    std::vector<KernelCall*> row;
    std::size_t end = s;
    for (; end < steps.size() && !steps[end].call; ++end) row.insert(row.end(), steps[end].kernels.begin(), steps[end].kernels.end());
    if (auto joined = row.size() > 1 ? device->sequence(row) : nullptr) {
      calls.emplace_back([call = joined.get()] { call->run(); });
      sequences.push_back(std::move(joined));
      s = end;
    } else {
      calls.emplace_back([this, s] { run(steps[s]); });
      ++s;
    }
  }
}

Session::Session(LoweredGraph lowered, std::unique_ptr<SessionDevice> device, const Hardware& hardware,
                 const EmitterRegistry& emitters, const KernelChooser& choose)
    : parts_(std::make_unique<Parts>(std::move(lowered), std::move(device))) {
  Parts& p = *parts_;
  SessionDevice& place = *p.device;
  p.place();
  std::vector<std::vector<std::size_t>> handles;
  std::map<std::string, std::vector<ChosenKernel>> by_signature;
  for (const auto& step : p.lowered.steps) {
    SessionStep shown;
    handles.emplace_back();
    if (step.kernel) {
      shown.name = step.kernel->op.name;
      shown.nodes = static_cast<int>(step.kernel->nodes.size());
      // One decision per signature; its operators may name their tensors in another order.
      auto& known = by_signature[step.kernel->op.signature()];
      const bool again = known.size() == 1 &&
                         !emitters.find(known[0].program)->illegal(step.kernel->op, known[0].program, hardware);
      if (again) shown.kernels = {{step.kernel->op, known[0].program, known[0].chosen}};
      else shown.kernels = known = choose(step.kernel->op);
      for (const ChosenKernel& kernel : shown.kernels) handles.back().push_back(place.want(kernel.op, kernel.program));
    } else {
      shown.name = p.graph().nodes[step.node].node.label();
    }
    steps_.push_back(std::move(shown));
  }
  place.compile_all();
  place.map(p.arena.bytes());
  place.map(p.constants.bytes());
  for (std::size_t s = 0; s < p.lowered.steps.size(); ++s) {
    const auto& step = p.lowered.steps[s];
    p.steps.emplace_back();
    if (!step.kernel || steps_[s].kernels.empty()) {
      // A copy of a view, or nodes that no kernel takes here, one after the other.
      std::vector<Call> calls;
      const auto nodes = step.kernel ? step.kernel->nodes : std::vector<int>{step.node};
      if (nodes.empty()) throw Error(ErrorKind::no_candidate, steps_[s].name + ": no kernel copies it");
      for (const int node : nodes) calls.push_back(p.on_host(node));
      p.steps.back().call = [calls = std::move(calls)] {
        for (const Call& call : calls) call();
      };
      continue;
    }
    std::map<std::string, std::byte*> tensors;
    const auto inputs = step.kernel->op.inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i)
      tensors[step.kernel->op.tensors[inputs[i]].name] = p.memory[step.kernel->inputs[i]];
    tensors[step.kernel->op.tensors[step.kernel->op.outputs()[0]].name] = p.memory[step.kernel->output];
    for (const std::size_t handle : handles[s]) {
      for (const int written : place.op(handle).outputs()) {
        const Tensor& tensor = place.op(handle).tensors[written];
        if (tensors.contains(tensor.name)) continue;
        p.parts_memory.emplace_back(static_cast<std::size_t>(tensor.bytes()));
        tensors[tensor.name] = p.parts_memory.back().data();
        place.map(p.parts_memory.back().bytes());
      }
      p.kernels.push_back(place.bind(handle, tensors));
      p.steps.back().kernels.push_back(p.kernels.back().get());
    }
  }
  p.join_steps();
}

Session::~Session() = default;

void Session::set_inputs(const Arrays& inputs) {
  const auto& wanted = graph().inputs;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Value& value = parts_->value(wanted[i]);
    if (!inputs.at(i) || inputs[i]->spec != *value.spec)
      throw Error(ErrorKind::usage, "input '" + value.name + "' is " + std::string(name(value.spec->type)) + " " + text(value.spec->shape));
    if (value.constant || inputs[i]->data.empty()) continue;
    std::memcpy(parts_->memory[wanted[i]], inputs[i]->data.data(), inputs[i]->data.size());
    parts_->device->to_device(parts_->memory_of(wanted[i]));
  }
}

void Session::run() {
  for (const Call& call : parts_->calls) call();
  parts_->device->finish();
}

Arrays Session::outputs() {
  Arrays arrays;
  for (const int output : graph().outputs) {
    if (const auto span = parts_->memory_of(output); !span.empty()) parts_->device->to_host(span);
    arrays.push_back(parts_->array_of(output));
  }
  return arrays;
}

void Session::profile(int rounds) {
  std::vector<std::vector<double>> times(steps_.size());
  for (int round = 0; round < rounds; ++round)
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      const double start = now_us();
      parts_->run(parts_->steps[s]);
      parts_->device->finish();
      times[s].push_back(now_us() - start);
    }
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    std::sort(times[s].begin(), times[s].end());
    steps_[s].us = times[s].empty() ? 0 : times[s][times[s].size() / 2];
  }
}

const FlatGraph& Session::graph() const { return parts_->graph(); }
std::size_t Session::arena_bytes() const { return parts_->arena.size(); }

}  // namespace perftune
