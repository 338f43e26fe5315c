// The contraction family: C[b,m,n] = epilogue(sum_k A[b,m,k] * B[b,n,k]).
//
// b, m, n and k are groups of axes, found by which operands they index: k is reduced; of the
// spatial axes, m indexes A only, n indexes B only, b both or neither. Neighbouring axes whose
// strides nest in every access are merged, so most groups have one member. Which factor is A is
// chosen so that n holds the output's innermost axis.
//
// Pure functions of the operator: the constructor, the emitters and the model all call these.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

enum class Group : std::uint8_t { batch, m, n, k };

// One merged axis of a group. Groups list them outermost first.
struct GroupAxis {
  std::int64_t extent = 1;
  std::vector<int> axes;  // the statement's axes it merges, outermost first
};

// Element address of a tensor: base + sum(stride * axis), one stride per merged axis of each
// group (0: not indexed). `window` dimensions (convolution) are checked against [0, extent).
struct Access {
  int tensor = -1;
  DType type = DType::f32;
  std::int64_t base = 0;
  std::array<std::vector<std::int64_t>, 4> stride;  // by Group, then merged axis

  struct Bound {  // 0 <= offset + sum(coefficient * axis) < extent, else the pad value is read
    std::int64_t offset = 0;
    std::int64_t extent = 0;
    std::array<std::vector<std::int64_t>, 4> coefficient;
  };
  std::vector<Bound> bounds;
  double pad = 0;

  const std::vector<std::int64_t>& strides(Group g) const { return stride[static_cast<int>(g)]; }
};

struct Contraction {
  std::array<std::vector<GroupAxis>, 4> groups;  // by Group
  Access a, b, c;
  DType accumulate = DType::f32;
  ExprPtr epilogue;               // over Kind::accumulator, constants and reads of other inputs
  std::vector<Access> extra;      // those other inputs, one per distinct read in `epilogue`
  std::vector<ExprPtr> extra_reads;  // the read expressions that `extra` describes, same order

  const std::vector<GroupAxis>& group(Group g) const { return groups[static_cast<int>(g)]; }
  std::int64_t extent(Group g) const;  // product over the group
};

// The canonical form, or the reason why the contraction family does not take `op` (it names the
// statement). Cheap: a few microseconds.
struct Canonicalised {
  std::optional<Contraction> form;
  std::string why_not;
};
Canonicalised canonicalise_contraction(const Operator& op);

// Largest vector width in elements, up to `limit`, at which `access` can be read along `group`'s
// innermost axis with aligned vectors at every point of the domain (1 when that stride is not 1).
int vector_width(const Contraction& form, const Access& access, Group group, int limit);

}  // namespace perftune
