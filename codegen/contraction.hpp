// The contraction family: C[b,m,n] = epilogue(sum_k A[b,m,k] * B[b,n,k]).
//
// b, m, n and k are groups of axes, found by which operands they index: k is reduced; of the
// spatial axes, m indexes A only, n indexes B only, b both or neither. Which factor is A is
// chosen so that n holds the output's innermost axis; a matrix-vector product is therefore
// m = 1 when the output is contiguous along the matrix's rows.
//
// Batch, m and n list their axes in the order of the output's dimensions. K lists them in the
// order of an operand whose innermost dimension is reduced (A before B), so that its last axis can
// be loaded in vectors. Neighbouring axes that are whole neighbouring dimensions of every access
// that they index are merged, so most groups have one member. A group without axes has one
// member of extent 1 that nothing indexes: every group has at least one merged axis.
//
// Which axes merge, and every `StrideForm`, follows from the subscripts and from dimensions that
// an axis fills, never from coincidences of extents, so that emitted text can rely on them.
//
// Pure functions of the operator: the constructor, the emitters and the model all call these.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

enum class Group : std::uint8_t { batch, m, n, k };
inline constexpr std::array<Group, 4> all_groups{Group::batch, Group::m, Group::n, Group::k};

// One merged axis of a group. Groups list them outermost first.
struct GroupAxis {
  std::int64_t extent = 1;
  std::vector<int> axes;  // the statement's axes it merges, outermost first; empty: no axis
};

// What emitted text may assume of a stride at every extent.
enum class StrideForm : std::uint8_t {
  absent,    // the access is not indexed: the stride is 0 and its term can be left out
  unit,      // the innermost dimension with coefficient 1: the stride is 1
  run_time,  // anything else: passed as an argument (its value may happen to be 1)
};

// Element address of a tensor: base + sum(stride * axis), one stride per merged axis of each
// group (0: not indexed). Dimensions that a read may leave (convolution) have a Bound each.
struct Access {
  template <class T>
  using PerAxis = std::array<std::vector<T>, 4>;  // by Group, then merged axis

  int tensor = -1;
  DType type = DType::f32;  // as stored; tf32 also for an f32 operand under cast(tf32, ...)
  std::int64_t base = 0;    // may be negative where a bound guards it
  PerAxis<std::int64_t> stride;
  PerAxis<StrideForm> form;

  // 0 <= offset + sum(coefficient * axis) < extent, else the pad value is read. One per padded
  // dimension whose subscript is more than a plain axis that fills it. That a coefficient is 0 is
  // structural; all other numbers are run-time values.
  struct Bound {
    std::int64_t offset = 0;
    std::int64_t extent = 0;
    PerAxis<std::int64_t> coefficient;
  };
  std::vector<Bound> bounds;
  double pad = 0;

  // By Group: its axes address this tensor like one axis with the last one's stride (all absent, or
  // neighbouring dimensions that are theirs alone, the inner ones filled). Structural, as forms are.
  std::array<bool, 4> nests{};

  // The same reads of a copy of the tensor that they cannot leave: every dimension that has a bound
  // reaches from the least index read to the greatest, the pad value where the tensor has no element.
  struct Wide {
    // Element i of the copy is element i + low of `extent`. Neighbouring dimensions without a bound
    // are one level, those within the last bounded one a part of it. How many is structural.
    struct Level {
      std::int64_t extent = 1, low = 0, wide = 1;
    };
    std::vector<Level> levels;  // outermost first
    std::int64_t base = 0;
    PerAxis<std::int64_t> stride;  // absent and unit where `form` says so

    std::int64_t elements() const;
    bool inside() const;  // no read leaves the tensor itself
  };
  Wide wide;

  const std::vector<std::int64_t>& strides(Group g) const {
    return stride[static_cast<std::size_t>(g)];
  }
  const std::vector<StrideForm>& forms(Group g) const { return form[static_cast<std::size_t>(g)]; }
};

struct Contraction {
  std::array<std::vector<GroupAxis>, 4> groups;  // by Group
  Access a, b, c;
  DType accumulate = DType::f32;
  ExprPtr epilogue;                  // over Kind::accumulator, constants and reads of other inputs
  std::vector<Access> extra;         // those other inputs, one per distinct read in `epilogue`
  std::vector<ExprPtr> extra_reads;  // the read expressions that `extra` describes, same order

  const std::vector<GroupAxis>& group(Group g) const { return groups[static_cast<std::size_t>(g)]; }
  std::int64_t extent(Group g) const;  // product over the group

  // Position along merged axis i of a group's linear index x, which counts the group's points
  // row-major: (x / divisor(g, i)) % extent of axis i. The outermost axis needs no modulo.
  std::int64_t divisor(Group g, std::size_t axis) const;
};

// The canonical form, or the reason why the contraction family does not take `op` (it names the
// statement). Cheap: a few microseconds.
struct Canonicalised {
  std::optional<Contraction> form;
  std::string why_not;
};
Canonicalised canonicalise_contraction(const Operator& op);

// Largest power of two of elements, up to `limit`, in which `access` can be read along `group`'s
// innermost axis with aligned vectors at every point of the domain, given that tensors start
// aligned and vectors start at multiples of their width. 1 when that stride is not 1 or a bound
// depends on that axis.
int vector_width(const Contraction& form, const Access& access, Group group, int limit);

// Some element offset, partial sum or linear group index leaves 32-bit signed arithmetic; counted
// with up to 512 points beyond each group's end, which ragged tiles compute and mask.
bool needs_64bit_index(const Contraction& form);

// How far a block tile of block_m x block_n points reaches along each dimension of the output
// `c` (0: not tiled), for drawing elements at both sides of tile boundaries.
std::vector<std::int64_t> output_tile(const Contraction& form, const Tensor& c,
                                      std::int64_t block_m, std::int64_t block_n);

}  // namespace perftune
