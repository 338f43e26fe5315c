// What the executor asks a store: which builds there are for an operator or its relatives at other
// shapes, and the bytes of one. Reads only; exact lookups are one query of indexed keys.
//
// One thread at a time (the connection's). Failure: Error{store} as in store.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/records.hpp"
#include "db/sqlite.hpp"

namespace perftune {

struct StoredDevice {
  HardwareId id{};
  std::string name, vendor_name, kind, arch;
  std::int64_t units = 0;
  std::string description;  // parse_plain and read_hardware read it
};

// A build that was tried for an operator, and how fast it was there.
struct StoredChoice {
  std::int64_t op = 0;     // row of `operators`
  std::int64_t build = 0;  // row of `builds`
  std::string kernel;      // id
  std::string program;     // tile program's text
  Basis basis = Basis::predicted;
  double us = 0;
  double flops = 0, bytes = 0;  // of the operator: arithmetic and compulsory traffic
};

// The definition of one operator of a structure; rebind gives the others.
struct StoredOperator {
  std::int64_t op = 0;
  std::string structure, dtype, definition;
};

struct StoredRange {
  std::string dim;
  std::int64_t low = 0, high = 0;
  StoredChoice choice;  // of the tuned point
};

// Everything about one build. `binary` is empty when none was kept.
struct StoredBuild {
  std::string kernel, program, language, entry, source, source_hash;
  std::string arch, codegen_version, binary, binary_hash;
};

class Launchables {
 public:
  explicit Launchables(sqlite::Database& database) : database_(database) {}

  std::vector<StoredDevice> devices();

  // The winner of exactly this operator; measured before predicted, then decided under a policy of
  // `threads` threads, then the latest.
  std::optional<StoredChoice> winner(std::string_view signature, HardwareId hardware, int threads);

  // What serves an operator where its winner is a vendor's that is not here: the fastest of our own kernels
  // measured for it there, confirmed ones first, then those whose binary is kept. nullopt: there is none.
  std::optional<StoredChoice> runner_up(std::int64_t op, HardwareId hardware);

  // The same for every operator of the structure that was tuned on the device: winners, or defaults
  // (all of them `predicted`: what `us` is stands in the winner's row). At most `limit`.
  std::vector<StoredChoice> winners_like(std::string_view structure, HardwareId hardware, int limit);
  std::vector<StoredChoice> defaults_like(std::string_view structure, HardwareId hardware, int limit);
  std::vector<StoredRange> ranges_like(std::string_view structure, HardwareId hardware);

  // One operator per structure that was tuned under this name. Empty when the name is unknown.
  std::vector<StoredOperator> operators_named(std::string_view name);
  std::optional<StoredOperator> operator_with(std::string_view signature);
  // Operator file's text of one row; empty when the store cannot rebuild it.
  std::string definition(std::int64_t op);
  std::vector<std::string> names();
  // Every dimension of one row, base and derived, under one of its names.
  Dims dims(std::int64_t op);

  std::optional<StoredBuild> build(std::int64_t build);

  // Changes whenever the file was written by anyone since the connection was opened.
  std::int64_t data_version();

 private:
  sqlite::Database& database_;
};

}  // namespace perftune
