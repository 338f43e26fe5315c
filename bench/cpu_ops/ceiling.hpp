// The measured ceiling of the memory level that an operator's tensors live in.
#pragma once

#include <string>

#include "costmodel/prediction.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune::bench {

struct Ceiling {
  std::string level;  // "l1", "l2", "l3", "dram"; "copy": DRAM, where a quarter or more of the bytes is written
  double gbps = 0;    // of all threads together; 0: not calibrated
};

// The smallest level that holds the operator's compulsory bytes, private caches each thread's share. Cache
// ceilings are of reading (executor/cpu_calibrate.hpp): what also writes cannot quite reach them.
Ceiling ceiling_of(const Operator& op, const Hardware& hardware, int threads);

// Whether the model says that moving bytes is what takes the time.
bool memory_bound(const Prediction& prediction);

}  // namespace perftune::bench
