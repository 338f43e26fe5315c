// Prints indices and values of a canonical map, over the arguments that map_arguments.hpp declares: what
// both the CPU's and the GPU's sources of the family are made of.
//
// Indices print as `p.NAME + COORDINATE * p.NAME_c0 + ...`; divisors stand in the text. Call order: any,
// but values in the order of the form's results. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "codegen/argument_list.hpp"
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
  MapPrinter(const MapForm& form, const ArgumentList& arguments, MapStyle style);

  std::string pointer(int tensor) const;  // "p.t3"

  // The index at the given coordinates, for an argument prefix such as "e0". A term whose form is
  // `unit` has no coefficient.
  std::string index(const std::string& prefix, const MapIndex& index, const Coordinate& at,
                    const std::vector<StrideForm>* form = nullptr) const;
  // The argument that holds the coefficient of `axis` under `prefix`.
  std::string coefficient(const std::string& prefix, std::size_t axis) const;
  std::string scalar(const std::string& name) const;

  // The expression of output `i`; `leaf` prints reads ("read", number) and axis values.
  std::string value(const MapResult& result, const std::function<std::string(std::size_t)>& read,
                    const std::function<std::string(std::size_t)>& axis_value);

 private:
  std::string dimension_constant();

  const MapForm& form_;
  const ArgumentList& arguments_;
  MapStyle style_;
  int constants_ = 0;
};

}  // namespace perftune
