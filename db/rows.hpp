// Writes single rows and their parents, inside the caller's transaction. Every put is an upsert
// that returns the row's number: Store, merge and import share them, so one rule says what is the
// same row.
#pragma once

#include <cstdint>
#include <string_view>

#include "db/records.hpp"
#include "db/sqlite.hpp"

namespace perftune::sqlite {

std::int64_t now_ms();  // Unix time

HardwareId put(Database& database, const HardwareRecord& hardware, std::int64_t described_at_ms);
OperatorId put(Database& database, const OperatorRecord& op);
void put_operator_name(Database& database, std::int64_t op, std::string_view name,
                       std::string_view definition);
void put_operator_dim(Database& database, std::int64_t op, std::string_view name,
                      std::string_view dim, std::int64_t extent);
std::int64_t put(Database& database, const KernelRecord& kernel);
std::int64_t put(Database& database, const Toolchain& toolchain);
std::int64_t put(Database& database, const Provenance& provenance);
std::int64_t put_policy(Database& database, std::string_view policy);
std::int64_t put_build(Database& database, std::int64_t kernel, std::int64_t toolchain);
// What the compiler said; keeps a binary that is already there when `binary` is empty.
void put_build_facts(Database& database, std::int64_t build, const Resources& resources,
                     std::string_view binary);
// Recording the same measurement twice keeps one row.
MeasurementId put(Database& database, RunId run, const MeasurementRecord& measurement);

// Replaces the winner of (op, hardware, policy).
struct WinnerKey {
  std::int64_t op = 0, hardware = 0, policy = 0, build = 0, run = 0;
};
void put_winner(Database& database, const WinnerKey& key, const WinnerRecord& winner);

std::string source_hash(std::string_view source);
std::string binary_hash(std::string_view binary);

}  // namespace perftune::sqlite
