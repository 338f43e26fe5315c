// What a LearnedModel holds, and its text form. Internal to costmodel/learned_*.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "costmodel/learned_model.hpp"
#include "costmodel/network.hpp"

namespace perftune {

inline constexpr std::uint64_t kFnvOffset = 14695981039346656037ULL;
std::uint64_t fnv1a(const void* data, std::size_t size, std::uint64_t hash);

struct LearnedState {
  std::vector<double> mean, scale;              // of the features
  double target_mean = 0, target_scale = 1;     // of log(measured / predicted)
  double noise = 0, sigma_factor = 1, coverage = 0;
  std::uint64_t data_hash = 0;
  std::vector<LearnedModel::Scope> scopes;      // sorted by name
  std::vector<Network> members;
};

struct LearnedModel::State : LearnedState {};

// One value a line in hexadecimal floating point, so that it is read back bit for bit; the last
// line is a hash over all before it.
std::string write_state(const LearnedState& state);
LearnedState read_state(std::string_view text);  // throws Error{usage}

}  // namespace perftune
