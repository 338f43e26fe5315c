// What serves shapes that were not tuned: each operator's default, and the ranges of a dynamic dimension
// that tuned points serve. Written by `tune`, read by the executor (launchables.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "db/store.hpp"

namespace perftune {

// `us`: measured where the device was there, else predicted. Replaces what was known.
void put_default(Store& store, OperatorId op, HardwareId hardware, std::string_view kernel_id,
                 const Toolchain& toolchain, double us);

// The winner of the tuned point `op` serves `dim` from `low` to `high`, other dimensions as the point's.
struct ServedRange {
  OperatorId op{};
  HardwareId hardware{};
  std::string dim;
  std::int64_t low = 0, high = 0;
  std::string kernel_id;
  Toolchain toolchain;
  std::optional<double> regret;  // greatest found at shapes between the points: 0.1 is 10 % too slow
};
void put_range(Store& store, const ServedRange& range);
// The point serves nothing any more: another one's winner does.
void remove_range(Store& store, OperatorId op, HardwareId hardware, std::string_view dim);

}  // namespace perftune
