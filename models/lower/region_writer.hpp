// Writes the nodes of one region as statements of the operator grammar (region.hpp).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/lower/region_text.hpp"
#include "models/windows.hpp"

namespace perftune {

class RegionWriter {
 public:
  RegionWriter(const FlatGraph& graph, const std::vector<View>& views) : graph_(graph), views_(views), text_(graph, views) {}

  // Before the nodes are added, for each input of each: what is read several times gets a statement.
  void will_read(int value, const FlatNode& reader);
  // In order; `last`: the node writes the region's output. False with `why_not`.
  bool add(const FlatNode& node, bool last);
  const RegionText& text() const { return text_; }
  std::string why_not;

 private:
  // What a value of the region is: its text at subscripts, one per dimension.
  struct Inside {
    std::string text;
    std::vector<Subscript> at;
  };

  bool product(const FlatNode& node, Inside& out);
  bool gemm(const FlatNode& node, Inside& out);
  bool conv(const FlatNode& node, Inside& out);
  bool conv_transpose(const FlatNode& node, Inside& out);
  bool pool(const FlatNode& node, Inside& out);
  bool reduction(const FlatNode& node, Inside& out);
  bool softmax(const FlatNode& node, Inside& out);
  bool layer_norm(const FlatNode& node, Inside& out);
  bool elementwise(const FlatNode& node, Inside& out);
  bool batch_norm(const FlatNode& node, Inside& out);
  bool transpose(const FlatNode& node, Inside& out);
  bool gather(const FlatNode& node, Inside& out);
  bool concat(const FlatNode& node, Inside& out);
  bool resize(const FlatNode& node, Inside& out);
  bool pad(const FlatNode& node, Inside& out);

  bool decline(const std::string& why) {
    why_not = why;
    return false;
  }
  const Shape& shape(int value) const { return graph_.values[static_cast<std::size_t>(value)].spec->shape; }
  // The windows' subscripts into input 0, its spatial dimensions named; axes for outputs and kernel.
  struct WindowAxes {
    std::vector<Subscript> output, kernel, input;
  };
  WindowAxes window_axes(const Windows& w, const Shape& input);
  // Subscripts of the node's output: those of its inputs in the region where they have the dimension,
  // axes of the region elsewhere.
  bool place(const FlatNode& node, std::size_t inputs, const Shape& to, std::vector<Subscript>& at);
  // Text of an input at these subscripts of the node's output, broadcast.
  std::string input_text(int value, const std::vector<Subscript>& at);
  // The input as a statement's value at axes of its own shape; makes axes where it is outside.
  Inside whole_input(int value);
  std::string subscripted(const std::string& name, const std::vector<Subscript>& at) const;
  std::string assign(const std::string& wish, const std::string& value, const std::vector<Subscript>& at);
  bool contiguous(int value) const { return views_[static_cast<std::size_t>(value)].contiguous(shape(value)); }

  const FlatGraph& graph_;
  const std::vector<View>& views_;
  RegionText text_;
  std::map<int, Inside> inside_;
  std::vector<Subscript> domain_;  // axes by dimension, counted from the last, of the widest value so far
  bool inlined_ = false;           // a contraction or a window with what follows it: no further axes
  std::map<int, int> reads_;       // by value, in the region
};

}  // namespace perftune
