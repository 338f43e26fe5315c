#include "db/rows.hpp"

#include <chrono>
#include <span>

#include "db/digest.hpp"
#include "recipes/words.hpp"

namespace perftune::sqlite {

namespace {

std::span<const std::byte> as_blob(std::string_view bytes) {
  return std::as_bytes(std::span(bytes.data(), bytes.size()));
}

}  // namespace

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string source_hash(std::string_view source) { return Digest().add(source).hex(); }
std::string binary_hash(std::string_view binary) { return Digest().add(binary).hex(); }

HardwareId put(Database& database, const HardwareRecord& hardware, std::int64_t described_at_ms) {
  // The newest description wins, and of two equally new ones the greater text: merging in either
  // order gives the same row.
  Query row = database.query(
      "INSERT INTO hardware (name, vendor_name, kind, arch, units, description, described_at_ms) "
      "VALUES (?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (name, vendor_name, arch, units) DO UPDATE SET "
      "  description = excluded.description, described_at_ms = excluded.described_at_ms "
      "WHERE excluded.description <> '' AND (excluded.described_at_ms, excluded.description) > "
      "  (described_at_ms, description)");
  row.bind(hardware.name).bind(hardware.vendor_name).bind(hardware.kind).bind(hardware.arch);
  row.bind(hardware.units).bind(hardware.description).bind(described_at_ms).run();
  Query found = database.query(
      "SELECT id FROM hardware WHERE name = ? AND vendor_name = ? AND arch = ? AND units = ?");
  found.bind(hardware.name).bind(hardware.vendor_name).bind(hardware.arch).bind(hardware.units);
  found.step();
  return HardwareId{found.integer(0)};
}

void put_operator_name(Database& database, std::int64_t op, std::string_view name,
                       std::string_view definition) {
  database
      .query(
          "INSERT INTO operator_names (operator, name, definition) VALUES (?, ?, ?) "
          "ON CONFLICT DO UPDATE SET definition = excluded.definition "
          "WHERE excluded.definition > definition")
      .bind(op)
      .bind(name)
      .bind(definition)
      .run();
}

void put_operator_dim(Database& database, std::int64_t op, std::string_view name,
                      std::string_view dim, std::int64_t extent) {
  database
      .query(
          "INSERT INTO operator_dims (operator, name, dim, extent) VALUES (?, ?, ?, ?) "
          "ON CONFLICT DO UPDATE SET extent = excluded.extent WHERE excluded.extent > extent")
      .bind(op)
      .bind(name)
      .bind(dim)
      .bind(extent)
      .run();
}

OperatorId put(Database& database, const OperatorRecord& op) {
  // Facts that another version of perftune derived otherwise: the greater ones stay, so that the
  // order of merging does not show.
  database
      .query(
          "INSERT INTO operators (signature, structure, family, dtype, flops, "
          "compulsory_bytes) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (signature) DO UPDATE SET "
          "structure = excluded.structure, family = excluded.family, dtype = excluded.dtype, "
          "flops = excluded.flops, compulsory_bytes = excluded.compulsory_bytes "
          "WHERE (excluded.flops, excluded.compulsory_bytes, excluded.family, "
          "excluded.structure, excluded.dtype) > "
          "(flops, compulsory_bytes, family, structure, dtype)")
      .bind(op.signature)
      .bind(op.structure)
      .bind(op.family)
      .bind(op.dtype)
      .bind(op.flops)
      .bind(op.compulsory_bytes)
      .run();
  Query found = database.query("SELECT id FROM operators WHERE signature = ?");
  found.bind(op.signature).step();
  const std::int64_t id = found.integer(0);
  if (op.name.empty()) return OperatorId{id};
  put_operator_name(database, id, op.name, op.definition);
  for (const auto& [dim, extent] : op.dims) put_operator_dim(database, id, op.name, dim, extent);
  return OperatorId{id};
}

std::int64_t put(Database& database, const KernelRecord& kernel) {
  // An imported measurement may know a kernel's name before its source is known.
  database
      .query(
          "INSERT INTO kernels (kernel, family, target, program, language, entry, source, "
          "source_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (kernel) DO UPDATE SET source = excluded.source, "
          "  source_hash = excluded.source_hash, entry = excluded.entry "
          "WHERE source = '' AND excluded.source <> ''")
      .bind(kernel.id)
      .bind(kernel.family)
      .bind(kernel.target)
      .bind(kernel.program)
      .bind(kernel.language)
      .bind(kernel.entry)
      .bind(kernel.source)
      .bind(source_hash(kernel.source))
      .run();
  Query found = database.query("SELECT id FROM kernels WHERE kernel = ?");
  found.bind(kernel.id).step();
  return found.integer(0);
}

std::int64_t put(Database& database, const Toolchain& toolchain) {
  Query found = database.query(
      "SELECT id FROM toolchains WHERE arch = ? AND codegen_version = ? AND compiler = ? "
      "AND flags = ?");
  found.bind(toolchain.arch).bind(toolchain.codegen_version);
  found.bind(toolchain.compiler).bind(toolchain.flags);
  if (found.step()) return found.integer(0);
  database
      .query("INSERT INTO toolchains (arch, codegen_version, compiler, flags) VALUES (?, ?, ?, ?)")
      .bind(toolchain.arch)
      .bind(toolchain.codegen_version)
      .bind(toolchain.compiler)
      .bind(toolchain.flags)
      .run();
  return database.last_insert_id();
}

std::int64_t put(Database& database, const Provenance& provenance) {
  Query found = database.query(
      "SELECT id FROM provenances WHERE driver = ? AND toolkit = ? AND device_serial = ? "
      "AND host = ? AND perftune_version = ?");
  found.bind(provenance.driver).bind(provenance.toolkit).bind(provenance.device_serial);
  found.bind(provenance.host).bind(provenance.perftune_version);
  if (found.step()) return found.integer(0);
  database
      .query(
          "INSERT INTO provenances (driver, toolkit, device_serial, host, perftune_version) "
          "VALUES (?, ?, ?, ?, ?)")
      .bind(provenance.driver)
      .bind(provenance.toolkit)
      .bind(provenance.device_serial)
      .bind(provenance.host)
      .bind(provenance.perftune_version)
      .run();
  return database.last_insert_id();
}

std::int64_t put_policy(Database& database, std::string_view policy) {
  Query found = database.query("SELECT id FROM policies WHERE policy = ?");
  found.bind(policy);
  if (found.step()) return found.integer(0);
  database.query("INSERT INTO policies (policy) VALUES (?)").bind(policy).run();
  return database.last_insert_id();
}

std::int64_t put_build(Database& database, std::int64_t kernel, std::int64_t toolchain) {
  Query found = database.query("SELECT id FROM builds WHERE kernel = ? AND toolchain = ?");
  found.bind(kernel).bind(toolchain);
  if (found.step()) return found.integer(0);
  database.query("INSERT INTO builds (kernel, toolchain) VALUES (?, ?)")
      .bind(kernel)
      .bind(toolchain)
      .run();
  return database.last_insert_id();
}

void put_build_facts(Database& database, std::int64_t build, const Resources& resources,
                     std::string_view binary) {
  Query row = database.query(
      "UPDATE builds SET registers = ?, shared_bytes = ?, spill_bytes = ?, stack_bytes = ?, "
      "warnings = ?, binary = coalesce(?6, binary), binary_hash = coalesce(?7, binary_hash) WHERE id = ?8");
  row.bind(resources.registers).bind(resources.shared_bytes).bind(resources.spill_bytes);
  row.bind(resources.stack_bytes).bind(words("{}", joined(resources.warnings, "\n")));
  binary.empty() ? row.bind(nullptr).bind(nullptr) : row.bind(as_blob(binary)).bind(binary_hash(binary));
  row.bind(build).run();
}

}  // namespace perftune::sqlite
