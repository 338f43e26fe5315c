// Prints indices and values of a canonical map, and collects the kernel's arguments as it goes: what
// both the CPU's and the GPU's sources of the family are made of.
//
// Indices print as `p.NAME + COORDINATE * p.NAME_c0 + ...`; divisors stand in the text. Every name is
// an argument once. Call order: any; the argument list grows in the order of the calls. Pure.
#pragma once

#include <functional>
#include <string>

#include "codegen/cuda/operand_printer.hpp"
#include "codegen/map.hpp"

namespace perftune {

struct MapStyle {
  std::string index;     // the integer type of positions: "pt::i64"
  std::string quotient;  // floored division by a positive constant: "pt::floor_quotient"
  std::string remainder;
  // A value of an index tensor: element `at` of the pointer `p`.
  std::function<std::string(const std::string& p, const std::string& at)> load;
};

class MapPrinter {
 public:
  using Coordinate = std::function<std::string(std::size_t axis)>;

  // All outlive this.
  MapPrinter(const Operator& op, const MapForm& form, ArgumentList& arguments, MapStyle style);

  // Pointer arguments of every tensor: outputs first, then what is read, then index tensors.
  void tensors();
  std::string pointer(int tensor) const;  // "p.t3"

  // The index at the given coordinates, for an argument prefix such as "e0". A term whose form is
  // `unit` has no coefficient; terms of `without` are left out (-1: none).
  std::string index(const std::string& prefix, const MapIndex& index, const Coordinate& at,
                    const std::vector<StrideForm>* form = nullptr, int without = -1);
  // The argument that holds the coefficient of `axis` under `prefix`.
  std::string coefficient(const std::string& prefix, const MapIndex& index, std::size_t axis);
  std::string scalar(const std::string& name, std::int64_t value);

  // The expression of output `i`; `leaf` prints reads ("read", number) and axis values.
  std::string value(const MapResult& result, const std::function<std::string(std::size_t)>& read,
                    const std::function<std::string(std::size_t)>& axis_value);

 private:
  void tensor(int position, bool writes);
  std::string dimension_constant(double value);

  const Operator& op_;
  const MapForm& form_;
  ArgumentList& arguments_;
  MapStyle style_;
  int constants_ = 0;
  std::vector<int> known_;
};

}  // namespace perftune
