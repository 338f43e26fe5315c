// `perftune db info|verify`: what a store holds and whether it is sound.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/json_text.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "db/health.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

struct DbOptions {
  std::string path;
  bool json = false;
};

Store open_existing(const DbOptions& options, const Context& context) {
  StoreOptions open;
  open.mode = StoreMode::read_only;
  return Store(options.path.empty() ? context.database_default : options.path, open);
}

std::string date(std::int64_t unix_ms) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(unix_ms / 1000)));
}

void print_info(const DbOptions& options, const Context& context) {
  Store store = open_existing(options, context);
  const StoreInfo facts = info(store);
  if (options.json) {
    nlohmann::json document{{"schema", "perftune.db_info/1"}, {"path", facts.path},
                            {"version", facts.version},       {"bytes", facts.bytes},
                            {"rows", facts.rows},             {"outcomes", facts.outcomes},
                            {"hardware", facts.hardware}};
    document["oldest_ms"] = facts.oldest_ms ? nlohmann::json(*facts.oldest_ms) : nlohmann::json();
    document["newest_ms"] = facts.newest_ms ? nlohmann::json(*facts.newest_ms) : nlohmann::json();
    context.print(json_text(document));
    return;
  }
  context.print(fmt::format("{}, version {}, {}\n", facts.path, facts.version,
                            format_bytes(static_cast<double>(facts.bytes))));
  TextTable table({"table", ">rows"});
  for (const auto& [name, rows] : facts.rows) table.add({name, fmt::format("{}", rows)});
  context.print(table.text());
  for (const auto& [outcome, rows] : facts.outcomes)
    context.print(fmt::format("{} {}\n", rows, outcome));
  if (facts.oldest_ms && facts.newest_ms)
    context.print(fmt::format("measured from {} to {}\n", date(*facts.oldest_ms), date(*facts.newest_ms)));
}

void print_verification(const DbOptions& options, Context& context) {
  Store store = open_existing(options, context);
  const auto findings = verify(store);
  int damaged = 0;
  nlohmann::json list = nlohmann::json::array();
  for (const auto& finding : findings) {
    const bool damage = finding.severity == Finding::Severity::damage;
    damaged += damage ? 1 : 0;
    list.push_back({{"severity", damage ? "damage" : "note"}, {"what", finding.what}});
    if (!options.json) context.print((damage ? "damage: " : "note: ") + finding.what + "\n");
  }
  if (options.json)
    context.print(json_text(nlohmann::json{{"schema", "perftune.db_verify/1"},
                                 {"path", store.path()},
                                 {"sound", damaged == 0},
                                 {"findings", list}}));
  else if (damaged == 0)
    context.print(store.path() + " is sound\n");
  if (damaged > 0) context.exit_code = static_cast<int>(ErrorKind::store);
}

}  // namespace

void add_db(CLI::App& app, Context& context) {
  auto options = std::make_shared<DbOptions>();
  auto* command = app.add_subcommand("db", "The store: what it holds, whether it is sound, in and out");
  command->require_subcommand(1);
  auto* info_command = command->add_subcommand("info", "Version, size, rows by table and outcome");
  info_command->callback([=, &context] { print_info(*options, context); });
  auto* verify_command = command->add_subcommand("verify", "Damage, orphans, sources that changed");
  verify_command->callback([=, &context] { print_verification(*options, context); });
  for (auto* sub : {info_command, verify_command}) {
    sub->add_option("--db", options->path, "Store (default $PERFTUNE_DB)");
    add_json_option(*sub, options->json);
  }
  add_db_exchange(*command, context);
}

}  // namespace perftune
