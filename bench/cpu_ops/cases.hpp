// One operator to compare: a library operator at given dimensions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune::bench {

struct Case {
  std::string text;                          // as given
  std::string op;                            // a name of recipes/library
  std::map<std::string, std::int64_t> dims;  // all of the operator's
  std::map<std::string, std::string> more;   // parameters: layout, padding, stride, groups
  std::int64_t at(const std::string& dim) const { return dims.at(dim); }
  std::string parameter(const std::string& name, const std::string& otherwise) const;
  std::int64_t number(const std::string& name, std::int64_t otherwise) const;
};

// "softmax:m=8192,n=1000", "max_pool2d:n=1,c=64,h=112,w=112,r=3,s=3,stride=2,padding=1,layout=nhwc".
// Throws Error{usage}.
Case parse_case(const std::string& text);
Operator operator_of(const Case& c);

// What is compared when nothing is named: shapes of common models, from cache-sized to DRAM-sized.
const std::vector<std::string>& default_cases();

}  // namespace perftune::bench
