// The table that `predict --shapes` reads: a header of dimension names, one shape per row.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

struct ShapesTable {
  std::vector<std::string> columns;           // every column of the file, copied to the output
  std::vector<std::vector<std::string>> rows;
  std::vector<int> lines;                     // line of each row, for messages
  std::vector<std::vector<int>> places;       // column where each cell of a row begins, for messages
  std::vector<std::string> missing;           // dimensions without a column: `base` gives them

  // The base dimensions that row i gives; columns that are not dimensions are passed over.
  // Throws Error{usage} with file:line:column on a value that is not a positive integer.
  Dims dims(std::size_t row, const Dims& base, const std::string& file) const;
};

// RFC 4180 without line breaks in cells; blanks around cells and a byte order mark do not count.
// Throws Error{usage} on an empty file, a ragged row, an open quote, a duplicate column, or when no column names
// one of `base`'s dimensions.
ShapesTable read_shapes_csv(std::istream& in, const std::string& file, const Dims& base);

}  // namespace perftune
