#include "models/lower/region_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace perftune {

std::string number_text(double value) {
  if (std::isinf(value)) return value < 0 ? "(-inf)" : "inf";
  return value < 0 ? fmt::format("({:.9g})", value) : fmt::format("{:.9g}", value);
}

std::string RegionText::fresh(const std::string& wish) {
  const auto taken = [&](const std::string& name) {
    return dims_.contains(name) || declared_.contains(name) ||
           std::any_of(lets_.begin(), lets_.end(), [&](const auto& let) { return let.first == name; });
  };
  if (!taken(wish)) return wish;
  for (int i = 0;; ++i)
    if (std::string name = wish + std::to_string(i); !taken(name)) return name;
}

void RegionText::dimension(const std::string& name, std::int64_t extent) { dims_[name] = extent; }

Subscript RegionText::axis(const std::string& wish, std::int64_t extent, const std::string& formula) {
  if (extent == 1) return {"0", 1, "1"};
  const std::string name = fresh(wish);
  if (formula.empty()) dims_[name] = extent;
  else lets_.emplace_back(name, formula);
  return {name, extent, name};
}

std::vector<Subscript> RegionText::aligned(int value, const std::vector<Subscript>& at) const {
  const Shape& own = shape(value);
  std::vector<Subscript> result;
  for (std::size_t d = 0; d < own.size(); ++d)
    result.push_back(own[d] == 1 ? Subscript{"0", 1, "1"} : at[at.size() - own.size() + d]);
  return result;
}

std::string RegionText::read(int value, const std::vector<Subscript>& at, const char* pad) {
  const Value& of = graph_.values[static_cast<std::size_t>(value)];
  if (of.constant && of.spec->elements() == 1) return number_text(read_real(of.constant->view(), 0));
  const View& view = views_[static_cast<std::size_t>(value)];
  const Reading reading = read_through(view, of.spec->shape, elements_of(shape(view.base)), at);
  const std::string type = fmt::format("{}[{}]", name(*kernel_type(of.spec->type)), fmt::join(reading.shape, ","));
  // One memory may be read through several shapes: a tensor for each.
  std::string tensor;
  for (const auto& [other, base] : inputs_)
    if (base == view.base && declared_.at(other) == type && pads_.contains(other) == (pad != nullptr)) tensor = other;
  if (tensor.empty()) {
    tensor = fresh("x" + std::to_string(inputs_.size()));
    inputs_[tensor] = view.base;
    declared_[tensor] = type;
    if (pad != nullptr) pads_[tensor] = pad;
  }
  return reading.subscripts.empty() ? tensor : fmt::format("{}[{}]", tensor, fmt::join(reading.subscripts, ","));
}

std::string RegionText::output(int value, const std::vector<Subscript>& at) {
  std::vector<std::string> extents, subscripts;
  for (const Subscript& subscript : at) {
    if (subscript.extent == 1) continue;
    extents.push_back(subscript.extent_text);
    subscripts.push_back(subscript.text);
  }
  const Value& of = graph_.values[static_cast<std::size_t>(value)];
  output_ = fmt::format("y: \"{}[{}]\"", name(*kernel_type(of.spec->type)), fmt::join(extents, ","));
  return subscripts.empty() ? "y" : fmt::format("y[{}]", fmt::join(subscripts, ","));
}

std::string RegionText::yaml(const std::string& operator_name) const {
  std::vector<std::string> dims, lets, inputs, pads;
  for (const auto& [dim, extent] : dims_) dims.push_back(fmt::format("{}: {}", dim, extent));
  for (const auto& [let, formula] : lets_) lets.push_back(fmt::format("{}: \"{}\"", let, formula));
  for (const auto& [tensor, type] : declared_) inputs.push_back(fmt::format("{}: \"{}\"", tensor, type));
  for (const auto& [tensor, pad] : pads_) pads.push_back(fmt::format("{}: {}", tensor, pad));
  std::string text = fmt::format("name: \"{}\"\n", operator_name);
  const auto map = [&](const char* key, const std::vector<std::string>& entries) {
    if (!entries.empty()) text += fmt::format("{}: {{{}}}\n", key, fmt::join(entries, ", "));
  };
  map("dims", dims);
  map("let", lets);
  map("inputs", inputs);
  map("outputs", {output_});
  map("pad", pads);
  text += "compute:\n";
  for (const auto& statement : statements_) text += "  - \"" + statement + "\"\n";
  return text;
}

}  // namespace perftune
