// Collects the parts of an operator file while a region is written: axes, tensors, statements.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/flat_graph.hpp"
#include "models/lower/view.hpp"

namespace perftune {

class RegionText {
 public:
  RegionText(const FlatGraph& graph, const std::vector<View>& views) : graph_(graph), views_(views) {}

  // An axis with that extent; one of extent 1 is no axis but the subscript 0. `formula`, if any, says
  // how the extent follows from dimensions.
  Subscript axis(const std::string& wish, std::int64_t extent, const std::string& formula = "");
  void dimension(const std::string& name, std::int64_t extent);  // not an axis, but in formulas
  std::string fresh(const std::string& wish);                    // a name that nothing has

  // The text that reads `value` at subscripts, one per dimension; a number for constants of one element.
  // `pad`: what lies outside, for values that have their own memory.
  std::string read(int value, const std::vector<Subscript>& at, const char* pad = nullptr);
  // Subscripts of an array that broadcasts to the shape that `at` stands for.
  std::vector<Subscript> aligned(int value, const std::vector<Subscript>& at) const;

  void statement(const std::string& text) { statements_.push_back(text); }
  // The left side that writes `value` (row-major) at `at`, declared as output.
  std::string output(int value, const std::vector<Subscript>& at);

  std::string yaml(const std::string& name) const;
  const std::map<std::string, int>& tensors() const { return inputs_; }  // name to base value

 private:
  const Shape& shape(int value) const { return graph_.values[static_cast<std::size_t>(value)].spec->shape; }

  const FlatGraph& graph_;
  const std::vector<View>& views_;
  std::map<std::string, std::int64_t> dims_;
  std::vector<std::pair<std::string, std::string>> lets_;
  std::map<std::string, int> inputs_;
  std::map<std::string, std::string> declared_;  // input name to "f32[...]"
  std::map<std::string, std::string> pads_;
  std::string output_;                           // "y: \"f32[...]\""
  std::vector<std::string> statements_;
};

std::string number_text(double value);

}  // namespace perftune
