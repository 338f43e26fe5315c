// Finds the axes of a statement and their extents, before any of its subscripts is bound.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "recipes/statement_binding.hpp"

namespace perftune {

class AxisInference {
 public:
  // Throws SyntaxError where a left-hand subscript is not affine in fresh axes or where the
  // tensors disagree about the extent of an axis.
  AxisInference(const SyntaxStatement& text, const StatementContext& context);

  // The output's axes in the order of its subscripts.
  std::vector<Axis> spatial_axes() const;

  // Of the axis `name` used at `offset`; throws when nothing fixes it.
  std::int64_t extent(std::string_view name, std::size_t offset) const;

 private:
  struct Known {
    std::string_view name;
    std::int64_t extent = 0;
  };

  void collect_left(const Syntax& subscript);
  void collect_alone(const Syntax& node);
  void note(const Syntax& word, std::int64_t extent, std::string_view tensor);

  const StatementContext& context_;
  std::vector<const Syntax*> left_;        // words of the left side that are axes
  std::vector<std::string_view> reduced_;  // names that reductions bind
  std::vector<Known> known_;               // extents of axes that are no dimensions
};

}  // namespace perftune
