// Runs a lowered model on this CPU or a GPU: kernels compiled, bound and given their memory once, then
// as many runs as wanted, each a walk over a list of prepared calls.
//
// Values live in one arena (memory_plan.hpp), constants in another. Nodes without a kernel run on
// their reference, on the host; values whose shape depends on data are held apart. One thread at a
// time, the one that made the session and its device.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "codegen/emitter_registry.hpp"
#include "models/interpret.hpp"
#include "models/lower/lowered_graph.hpp"
#include "models/session_device.hpp"

namespace perftune {

// One kernel of an operator: most have one, the others several that run one after the other.
struct ChosenKernel {
  Operator op;
  TileProgram program;
  std::string chosen;  // how: "winner (measured) of ...", "best prediction"
};
// Empty: no kernel computes it; its nodes then run on their references.
using KernelChooser = std::function<std::vector<ChosenKernel>(const Operator&)>;

struct SessionStep {
  std::string name;                   // the operator's, or the node's
  std::vector<ChosenKernel> kernels;  // empty: reference
  int nodes = 1;
  double us = 0;                      // filled by Session::profile
};

class Session {
 public:
  // `device` is `hardware`. Throws Error{no_candidate} when a kernel does not compile or load.
  Session(LoweredGraph lowered, std::unique_ptr<SessionDevice> device, const Hardware& hardware,
          const EmitterRegistry& emitters, const KernelChooser& choose);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Copies the inputs in, in the graph's order; each must have its value's type and shape.
  void set_inputs(const Arrays& inputs);
  void run();
  Arrays outputs();

  // Runs `rounds` times step by step, each waited for, and notes each step's median.
  void profile(int rounds);
  const std::vector<SessionStep>& steps() const { return steps_; }
  const FlatGraph& graph() const;
  std::size_t arena_bytes() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::vector<SessionStep> steps_;
};

}  // namespace perftune
