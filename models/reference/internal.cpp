// Operators that only this house has: they prepare values for kernels.
#include <cstring>

#include "models/reference.hpp"

namespace perftune {

// perftune.Index: positions as i32, counted from the start, inside [0, extent).
// perftune.Copy: of a view; the plan makes the input row-major.
void add_internal(ReferenceOps& ops) {
  ops["perftune.Index"] = {
      [](const OpCall& call) -> std::optional<std::vector<ArraySpec>> { return {{{Element::i32, call.in(0).shape()}}}; },
      [](const OpCall& call, std::span<const ArrayView> outputs) {
        const std::int64_t extent = call.node->integer("extent", 0);
        for (std::int64_t i = 0; i < outputs[0].elements(); ++i) {
          const std::int64_t at = read_integer(call.in(0), i);
          if (at < -extent || at >= extent)
            call.fail("index " + std::to_string(at) + " is outside a dimension of extent " + std::to_string(extent));
          write_integer(outputs[0], i, at < 0 ? at + extent : at);
        }
      }};
  ops["perftune.Copy"] = {
      [](const OpCall& call) -> std::optional<std::vector<ArraySpec>> { return {{call.in(0).spec}}; },
      [](const OpCall& call, std::span<const ArrayView> outputs) {
        if (outputs[0].spec.bytes() > 0) std::memcpy(outputs[0].data, call.in(0).data, outputs[0].spec.bytes());
      }};
}

}  // namespace perftune
