// Prints where a `cpu/simd` program over rows reads and writes: offsets, lanes, windows, loads of
// index tensors. The text names `p` (Params), `row` (K::Row), `c` (column coordinates) and `lanes`.
#pragma once

#include <optional>
#include <string>

#include "codegen/cpu/row_stage.hpp"
#include "codegen/cpu/row_tiles.hpp"
#include "codegen/row.hpp"

namespace perftune {

class CpuRowAddresses {
 public:
  CpuRowAddresses(const RowForm& form, const CpuRowTiles& tiles)
      : form_(form), tiles_(tiles), lane_(tiles.lanes != 0 ? Group::m : Group::k) {
    if (tiles.stage != 0) stage_ = require_stage(form, tiles);
  }

  bool staged(std::size_t i) const { return stage_ && stage_->read == i; }
  // K::stage, K::staged and row.staged's place and moves.
  std::string stage_text() const;

  static char letter(Group g) { return g == Group::m ? 'm' : 'k'; }
  const std::vector<GroupAxis>& axes(Group g) const {
    return g == Group::m ? form_.rows() : form_.columns();
  }
  static const std::vector<std::int64_t>& coefficients(const Access& access, std::size_t bound, Group g) {
    return access.bounds[bound].coefficient[static_cast<std::size_t>(g)];
  }

  // " + coordinate * stride ..." of one group; `name` prefixes the strides' arguments.
  static std::string offset(const Access& access, const std::string& name, Group g);
  // The same for the index that a bound guards.
  static std::string bound_part(const Access& access, std::size_t b, const std::string& name, Group g);

  // How neighbouring lanes lie (device/lanes.hpp); `at_start`: before any column, where lanes along
  // columns are one.
  char form_letter(const Access& access, bool at_start) const;
  std::string lane_stride(const Access& access, const std::string& name, bool at_start) const;

  // A load of an index tensor whose value is known once the row is, for all its lanes.
  bool load_of_row(const RowAccess::Load& load) const;
  // Its share of the offset; `lane`: the name of a lane's number, or empty.
  std::string load_text(const RowAccess& read, std::size_t i, std::size_t l, const std::string& lane) const;

  // Reads that the rows of a tile share, and windows whose lanes they share: K::Shared.
  bool shared_read(std::size_t i) const;
  bool shared_window(std::size_t i) const;
  std::vector<std::size_t> packed_reads() const;
  std::string packing_text() const;  // K::packs, K::packed, K::pack
  // Flat position of column `c` in a constant window.
  std::string window_position() const;
  // Moves row.<name> by `rows` of the second innermost row axis and `by` of the innermost.
  std::string beside_text(const Access& access, const std::string& name) const;
  std::string beside_bounds_text(const Access& access, const std::string& name) const;
  // Statements that fill shared.x<i> at a column.
  std::string share_text(std::size_t i) const;

  // K::interior and K::windows: whether no read leaves its tensor from `tile` rows of the second
  // innermost row axis and `count` lanes on, whatever the column.
  std::string interior_text() const;

  // The vector of read `i` at row and column, with its row part in `row.x<i>`.
  std::string read_text(std::size_t i, bool at_start) const;

 private:
  std::size_t innermost() const { return axes(lane_).size() - 1; }
  StrideForm lane_form(const Access& access) const { return access.forms(lane_)[innermost()]; }
  bool load_moves_with_lanes(const RowAccess::Load& load) const {
    return load.at.forms(lane_)[innermost()] != StrideForm::absent;
  }
  bool bound_moves_with_lanes(const Access& access, std::size_t b) const {
    return coefficients(access, b, lane_)[innermost()] != 0;
  }
  std::string staged_text() const;
  std::string bounded_text(const Access& access, const std::string& name, const std::string& at,
                           char form, bool at_start) const;

  const RowForm& form_;
  const CpuRowTiles& tiles_;
  const Group lane_;
  std::optional<CpuRowStage> stage_;
};

}  // namespace perftune
