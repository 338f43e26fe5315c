// Prints where a program over rows reads and writes on a GPU: coordinates, offsets, predicates.
//
// The text names `p` (Params), `row` (Problem::Row, whose x<i>, y<i> are the row parts of offsets),
// `at` (Problem::Columns) and, for a lane of a vector, `v`.
#pragma once

#include <string>

#include "codegen/argument_list.hpp"
#include "codegen/cuda/row_tiles.hpp"
#include "codegen/row.hpp"

namespace perftune {

class RowAccessPrinter {
 public:
  RowAccessPrinter(const RowForm& form, const CudaRowTiles& tiles, const ArgumentList& arguments)
      : form_(form), tiles_(tiles), arguments_(arguments), lane_(tiles.lanes != 0 ? Group::m : Group::k) {}

  const std::vector<GroupAxis>& axes(Group g) const { return g == Group::m ? form_.rows() : form_.columns(); }
  // "static_cast<Index>(p.name)".
  std::string number(const std::string& name) const;

  // Statements that take `from` apart into the coordinates of a group, assigned to target.r0, ...
  std::string decode(Group g, const std::string& from, const std::string& target);

  // What of an address is known once the row is: statements that set row.x<i> and its bounds.
  std::string row_part(const Access& access, const std::string& name);
  std::string row_loads(const RowAccess& read, const std::string& name);

  // Reads Vector lanes of read `i` into `into` (a Vec): of a row at its start, or at `at`.
  std::string read(std::size_t i, const std::string& into, const std::string& valid, bool at_start);
  // Stores the Vec `from` at output `i`.
  std::string write(std::size_t i, const std::string& from, const std::string& valid, bool at_row);

 private:
  std::string term(const Access& access, const std::string& name, Group g);  // " + ..."
  std::string bound_term(const Access& access, std::size_t b, const std::string& name, Group g);
  std::string load(const RowAccess& read, const std::string& name, std::size_t l, bool with_lane,
                   const std::string& valid);
  std::string lane_term(const Access& access, const std::string& name, bool at_start);

  const RowForm& form_;
  const CudaRowTiles& tiles_;
  const ArgumentList& arguments_;
  const Group lane_;
};

}  // namespace perftune
