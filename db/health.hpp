// What a store holds and whether it is sound: `perftune db info` and `perftune db verify`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/store.hpp"

namespace perftune {

struct StoreInfo {
  std::string path;
  int version = 0;
  std::int64_t bytes = 0;
  std::map<std::string, std::int64_t> rows;      // by table
  std::map<std::string, std::int64_t> outcomes;  // measurements by outcome
  std::vector<std::string> hardware;             // names
  std::optional<std::int64_t> oldest_ms, newest_ms;
};
StoreInfo info(Store& store);

// One line per thing that is wrong; empty for a sound store. Reads every page and row: about a
// second per 200 MB. Looks for damaged pages and indexes, references to missing rows, sources that
// no longer match their hash, programs and words that nothing of ours could have written, and runs
// that say "running" although a later one began in the same store (interrupted: told, not wrong).
struct Finding {
  enum class Severity { damage, note };
  Severity severity = Severity::damage;
  std::string what;
};
std::vector<Finding> verify(Store& store);

}  // namespace perftune
