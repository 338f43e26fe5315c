// Which operators a suite calls and how often: what weights a report by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/store.hpp"

namespace perftune {

struct SuiteMember {
  std::string suite;
  std::string signature;
  double weight = 1;  // calls per inference
  std::string name{};  // of the operator; filled when read
};

// Replaces the weight of an operator that the store knows; one that it does not know is left out.
void put_suite_member(Store& store, const SuiteMember& member);

// By suite, then in the order in which operators came.
std::vector<SuiteMember> suite_members(Store& store);

}  // namespace perftune
