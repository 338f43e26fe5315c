// What a program over rows has to do, counted from its canonical form: arithmetic per column and per
// row, bytes that must move. Shared by the CPU's and the GPU's model of these families. Pure.
#pragma once

#include <vector>

#include "codegen/row.hpp"
#include "recipes/operator.hpp"

namespace perftune {

struct RowWork {
  double rows = 1, columns = 1;
  // Per pass and column: simple arithmetic instructions (a function counts as many as its polynomial
  // has), reads of tensors, and stores.
  struct Pass {
    double instructions = 0;
    std::vector<int> reads;    // positions in RowForm::reads that columns enter
    int recalled = 0;          // kept elements that are loaded instead of computed
    int kept = 0;              // elements that are stored for later passes
    std::vector<int> outputs;  // positions in RowForm::outputs
    int sums = 0;              // reductions of any kind
    bool adds = false;         // one of them adds or multiplies: a longer chain than maxima
  };
  std::vector<Pass> passes;
  double row_instructions = 0;  // per row, beside its columns
  double input_bytes = 0;       // every input element that is used, once
  double output_bytes = 0;
};

RowWork row_work(const Operator& op, const RowForm& form, const std::vector<int>& kept);

// Instructions of one expression over leaves, elements not expanded.
double instructions_of(const ExprPtr& expr);

}  // namespace perftune
