// What every ONNX operator means: shapes, and a plain implementation in C++.
//
// Three uses: shapes and constants are worked out with it before anything runs; nodes that no kernel
// takes run on it; tests and `run --check` compare whole models with it. Floating values are computed
// in float64 and rounded once per node, integers in 64 bits. Definitions: the ONNX operator
// specification, opsets 7 to 18 (onnx/docs/Operators.md); names in comments are that document's.
//
// Functions of their arguments only. A node that breaks its operator's rules throws Error{usage} with
// the node's label.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/graph.hpp"

namespace perftune {

// A node with what is known of its inputs. `data` of an input is null where only its type and shape
// are known; an absent input has present[i] false.
struct OpCall {
  const Node* node = nullptr;
  int opset = 0;
  std::vector<ArrayView> inputs;
  std::vector<bool> present;

  bool has(std::size_t i) const { return i < present.size() && present[i]; }
  const ArrayView& in(std::size_t i) const;      // throws when it is absent
  bool known(std::size_t i) const;               // its data are there, or it is absent
  std::vector<std::int64_t> ints(std::size_t i) const;  // of a known input
  // The list of input `i`, else of the attribute: many operators moved from one to the other.
  std::vector<std::int64_t> ints_or(std::size_t i, const std::string& attribute,
                                    std::vector<std::int64_t> otherwise) const;
  std::int64_t axis(std::int64_t value, std::size_t rank) const;  // negative ones count from the end
  [[noreturn]] void fail(const std::string& what) const;
};

struct ReferenceOp {
  // Types and shapes of the outputs; nullopt when they depend on data that are not known.
  std::function<std::optional<std::vector<ArraySpec>>(const OpCall&)> infer;
  // All present inputs have data; outputs have what infer said.
  std::function<void(const OpCall&, std::span<const ArrayView>)> compute;
};

using ReferenceOps = std::map<std::string, ReferenceOp, std::less<>>;
const ReferenceOps& reference_ops();  // without control flow (interpret.hpp)

// Parts of the table, one file each.
void add_elementwise(ReferenceOps& ops);
void add_layout(ReferenceOps& ops);
void add_indexing(ReferenceOps& ops);
void add_reductions(ReferenceOps& ops);
void add_products(ReferenceOps& ops);
void add_windows(ReferenceOps& ops);
void add_resize(ReferenceOps& ops);
void add_recurrent(ReferenceOps& ops);
void add_generators(ReferenceOps& ops);
void add_internal(ReferenceOps& ops);

// Calls f(position in the output, offsets into each input) for all points of `shape`, row-major;
// strides are in elements, one list per input, as long as the shape.
void for_each_point(const Shape& shape, const std::vector<Shape>& strides,
                    const std::function<void(std::int64_t, const std::vector<std::int64_t>&)>& f);
// Strides that read `from` as if it had the shape `to` (0 where it is repeated).
Shape broadcast_strides(const Shape& from, const Shape& to);

}  // namespace perftune
