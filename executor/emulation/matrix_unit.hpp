// What the 32 lanes of a warp hold of a matrix, and the product of two such matrices.
//
// Fragment layouts are those of PTX ISA 9.7.14.5 ("Matrix Fragments for mma.m...n8k..."). All of
// them follow one rule in the size of an element, which the tests hold against the manual's
// formulas one by one. Pure functions of the lanes' registers.
#pragma once

#include <cstdint>

#include "codegen/emulation/device/runtime.hpp"

namespace perftune::emulation {

// Row and column of element `i` (counted from register 0's low bits) that `lane` holds.
struct MatrixPosition {
  unsigned row, column;
};
unsigned elements_per_register(Element element);
MatrixPosition position_in_a(unsigned lane, unsigned i, Element element);
MatrixPosition position_in_b(unsigned lane, unsigned i, Element element);  // row: k
MatrixPosition position_in_c(unsigned lane, unsigned i);

// The value of a stored element; exact. tf32 drops the bits that the tensor core ignores.
double widen_element(Element element, std::uint32_t bits);

// d = a * b + c over all lanes; the lanes agree on everything but the registers. Products are
// exact, sums of floats are rounded once at the end: hardware rounds more often and differently
// (the manual leaves it open), so results are compared with a tolerance anyway. Integers wrap.
void multiply_matrices(MatrixMultiply* const (&lanes)[32]);

// Why the manual has no such shape; nullptr: it has. (Architectures are the wrappers' business.)
const char* unknown_multiply(const MatrixMultiply& lane);

}  // namespace perftune::emulation
