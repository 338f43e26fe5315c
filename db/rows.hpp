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

std::string source_hash(std::string_view source);

}  // namespace perftune::sqlite
