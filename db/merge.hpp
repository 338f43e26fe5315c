// Brings the rows of one store into another: `perftune db merge`.
//
// Idempotent and commutative: the rows that result do not depend on the order of merging or on how
// often. A measurement is the same if its digest is (rows.cpp); of two decisions about a winner the
// measured one, then the later one stays; descriptions keep the newest; builds, names and
// dimensions add up. Provenance and run of each row come along.
//
// One transaction: on any Error{store} (disk full, damaged source) the destination is as before.
// The source is only read. A kernel whose id is known with another source is refused: one of the
// two stores was altered.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "db/store.hpp"

namespace perftune {

struct MergeReport {
  std::map<std::string, std::int64_t> added;  // rows by table
};
struct MergeOptions {
  // Compiled binaries come along: they run as code of whoever owns the destination, and their hashes
  // only tell accidents. Without, kernels of the source have none here until they are compiled here.
  bool binaries = false;
  // New measurements from which indexes are dropped and built again at the end instead of kept in
  // order row by row; and only when a fifth of the result is new.
  std::int64_t rebuild_from = 50'000;
};
MergeReport merge(Store& into, Store& from, const MergeOptions& options = {});

}  // namespace perftune
