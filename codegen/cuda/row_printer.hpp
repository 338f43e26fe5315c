// Prints a program over rows as the `struct Problem` that row.cuh takes, over the arguments that
// row_arguments.hpp declares.
//
// Where rows and columns are, and how lanes lie in memory, is in row_access_printer.hpp.
#pragma once

#include <string>
#include <vector>

#include "codegen/cuda/row_access_printer.hpp"
#include "codegen/cuda/row_tiles.hpp"
#include "codegen/row.hpp"
#include "codegen/row_names.hpp"

namespace perftune {

class RowPrinter {
 public:
  // All arguments outlive this.
  RowPrinter(const RowForm& form, const CudaRowTiles& tiles, const ArgumentList& arguments);

  // The members of struct Problem.
  std::string problem();

 private:
  std::string types();
  std::string start();
  std::string pass(int pass);
  std::string load(int pass);
  std::string staging(int pass, bool store) const;
  std::string step(int pass);
  std::string finish(int pass) const;
  std::string store();
  std::string row_values(int pass) const;
  std::string uses(const ExprPtr& value, const char* lane) const;
  std::vector<std::size_t> reductions_of(int pass) const;
  // The pass that first has a read or an element, -1: none.
  int first_pass(RowLeaf leaf) const;
  bool waits(RowLeaf leaf) const;  // between passes

  const RowForm& form_;
  const CudaRowTiles& tiles_;
  const ArgumentList& arguments_;
  const RowNames names_;
  const CudaRowKept kept_;
  RowAccessPrinter access_;
};

}  // namespace perftune
