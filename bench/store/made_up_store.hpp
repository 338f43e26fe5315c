// A large store with made-up numbers, to time queries on. Nothing in it was measured.
#pragma once

#include <cstdint>
#include <string>

namespace perftune::bench {

struct MadeUpStore {
  std::int64_t measurements = 1'000'000;
  int operators = 5'000;   // signatures
  int structures = 20;     // that share kernels
  int kernels = 500;       // per structure
  std::uint64_t seed = 1;  // two seeds share operators and kernels, not measurements
};

// Two hardware rows; every operator is measured on both, with a winner each. The file must not
// exist.
void make_store(const std::string& path, const MadeUpStore& shape);

std::string signature_of(int op, const MadeUpStore& shape);

}  // namespace perftune::bench
