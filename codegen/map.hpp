// The canonical form of the map family: every output element is a scalar function of elements read
// at subscripts of its own position. Elementwise chains with broadcasting, casts, permutations,
// gathers, concatenation, slicing and padding are one loop nest over the output's axes.
//
// Statements of one operator become one form where no value is reduced: intermediates are replaced
// by their expressions. Outputs share the loop nest when their axes have equal extents.
//
// Loop axes are the output's, innermost last. Axes that all tensors see as one are merged. An axis
// that is only seen through i / f and i % f is taken apart into two (`digits` counts how often), so
// that pixel shuffles and rotary embeddings are plain permutations and shifts.
//
// Which terms an index has and that a stride is 1 (StrideForm) are structural; coefficients, offsets
// and extents are numbers that emitted text takes as arguments. Divisors are part of the text.
// Pure functions of the operator: constructor, emitters and models all call canonicalise_map.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codegen/contraction.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// offset + sum(coefficient[a] * loop axis a) + sum(factor * atom).
struct MapIndex {
  struct Atom {
    Index::Atom kind = Index::Atom::divide;  // divide, modulo or load
    std::int64_t factor = 1;
    std::int64_t divisor = 1;       // divide, modulo
    int tensor = -1;                // load: of this integer tensor, at element `operand`
    DType type = DType::i32;        // load
    std::vector<MapIndex> operand;  // exactly one
  };
  std::int64_t offset = 0;
  std::vector<std::int64_t> coefficient;
  std::vector<bool> present;  // by axis: whether the text has the term
  std::vector<Atom> atoms;

  bool depends_on(std::size_t axis) const;
};

// A tensor seen from the loop nest.
struct MapAccess {
  struct Bound {
    MapIndex index;  // 0 <= index < extent, else the pad value is read
    std::int64_t extent = 0;
  };
  int tensor = -1;
  DType type = DType::f32;
  std::int64_t elements = 0;     // of the whole tensor
  MapIndex offset;               // in elements
  std::vector<StrideForm> form;  // by axis, of the affine part; atoms beside
  std::vector<Bound> bounds;
  double pad = 0;

  bool offset_varies(std::size_t axis) const;   // with atoms
  bool bounds_vary(std::size_t axis) const;
  // Neighbours along the axis are neighbours in memory, wherever the tensor is inside its bounds.
  bool contiguous(std::size_t axis) const;
};

struct MapResult {
  MapAccess access;  // no bounds, no atoms
  ExprPtr value;     // over constants, reads (those of MapForm::reads) and Kind::axis
};

struct MapForm {
  std::vector<std::int64_t> extents;   // at least one axis
  std::vector<MapResult> results;
  std::vector<MapAccess> reads;        // one per distinct read
  std::vector<ExprPtr> read_exprs;     // same order
  std::vector<MapIndex> axis_values;   // what Expr::axis of Kind::axis counts
  DType scalar = DType::f32;           // f64, f32 or i32: what values are computed in
  int digits = 0;                      // axes taken apart

  std::size_t inner() const { return extents.size() - 1; }
  std::int64_t points() const;
  double read_bytes(const Operator& op) const;   // every input that is read, at most once
  double write_bytes(const Operator& op) const;
};

struct CanonicalMap {
  std::optional<MapForm> form;
  std::string why_not;  // names the statement
};
CanonicalMap canonicalise_map(const Operator& op);
// The form of what has one: aborts otherwise.
MapForm require_map(const Operator& op);

// Largest power of two of elements, up to `limit`, in which `access` can be read or written along
// the innermost axis with aligned vectors everywhere. 1 where it is not contiguous or padded.
int map_vector_width(const MapForm& form, const MapAccess& access, int limit);

// Some element offset leaves 32-bit signed arithmetic, or the nest has that many points.
bool needs_64bit_index(const MapForm& form);

// Axes other than the innermost along which some read is contiguous: what a tile of two axes
// transposes. Reads that are padded along either axis do not count.
std::vector<std::size_t> crossing_axes(const MapForm& form);
bool crosses(const MapForm& form, const MapAccess& access, std::size_t axis);

}  // namespace perftune
