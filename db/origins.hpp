// Where a stored kernel comes from, so that whoever launches it need not generate its source again: for
// which operator structure the code generator printed it from its tile program, and what arguments it takes.
//
// A seal is a digest over all that. It finds accidents and careless changes, as every hash of a store; it
// is no defence against those who can write the file. Written with a kernel's first measurement.
// One thread at a time (the connection's). Failure: Error{store} as in store.hpp.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "db/records.hpp"
#include "db/sqlite.hpp"

namespace perftune {

// The order and kind of a kernel's arguments: "tensor a, scalar m, ...". Which tensors they are is the
// operator's matter.
std::string layout_text(std::span<const Argument> arguments);

// What has to fit together; `source` is its text.
struct Origin {
  std::string_view structure;  // Operator::structure
  std::string_view program, language, entry, layout, source;
};
std::string seal(const Origin& origin);

// The seal of a kernel for a structure; nullopt: the store knows of none.
std::optional<std::string> stored_seal(sqlite::Database& database, std::string_view kernel_id, std::string_view structure);

// A header that stored CUDA sources include, as that version of the code generator had it.
std::vector<DeviceHeader> stored_headers(sqlite::Database& database, std::string_view codegen_version);

namespace sqlite {

// Both inside the caller's transaction. A kernel without source or layout (imported) has no origin.
void put_origin(Database& database, std::int64_t kernel, std::string_view structure, const KernelRecord& record);
void put_headers(Database& database, std::string_view codegen_version, std::span<const DeviceHeader> headers);
void merge_origins(Database& into, Database& from);

}  // namespace sqlite
}  // namespace perftune
