#include "cli/kernel_lookup.hpp"

#include <algorithm>
#include <filesystem>

#include "cli/hardware_choice.hpp"
#include "db/kernel_use.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {
namespace {

bool looks_like_kernel_id(const std::string& text) {
  return text.size() >= 4 && text.size() <= 16 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

}  // namespace

ExplainedSubject find_subject(const std::string& subject, const std::string& database,
                              const Context& context) {
  if (std::filesystem::exists(subject) || !looks_like_kernel_id(subject))
    return {read_operator_file(subject), "", std::nullopt};
  StoreOptions options;
  options.mode = StoreMode::read_only;
  Store store(database.empty() ? context.database_default : database, options);
  const auto found = find_kernel_use(store, subject);
  if (!found)
    throw Error(ErrorKind::usage, "'" + subject + "' is neither a file nor a kernel of " + store.path());
  ExplainedSubject out;
  out.points = parse_operator_text(found->definition, store.path());
  out.program = found->kernel.program;
  out.hardware = parse_hardware(found->hardware.description, store.path());
  return out;
}

StoredTimes::StoredTimes(const std::string& path, const Context& context) {
  if (!std::filesystem::exists(path)) return;
  StoreOptions options;
  options.mode = StoreMode::read_only;
  try {
    store_.emplace(path, options);
  } catch (const Error& error) {
    context.say(std::string("perftune: ") + error.what() + "; what was measured is not shown");
  }
}

std::optional<ProgramTime> StoredTimes::time(const Operator& op, const Hardware& hardware, const TileProgram& program) {
  const auto id = store_ ? store_->find_hardware(describe(hardware)) : std::nullopt;
  return id ? program_time(*store_, op.signature(), *id, program.text()) : std::nullopt;
}

std::optional<Resources> StoredTimes::resources(const Operator& op, const Hardware& hardware, const TileProgram& program) {
  const auto id = store_ && hardware.kind == Hardware::Kind::gpu ? store_->find_hardware(describe(hardware)) : std::nullopt;
  return id ? program_resources(*store_, op.signature(), *id, program.text()) : std::nullopt;
}

std::optional<WinnerRecord> StoredTimes::winner(const Operator& op, const Hardware& hardware) {
  const auto id = store_ ? store_->find_hardware(describe(hardware)) : std::nullopt;
  auto found = id ? store_->winner(op.signature(), *id) : std::nullopt;
  return found && found->measured_us ? found : std::nullopt;
}

}  // namespace perftune
