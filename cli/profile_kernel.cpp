// `perftune profile KERNEL`: what the hardware counts while a kernel of the store runs, kept there.
#include "cli/profile_kernel.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/json_text.hpp"
#include "cli/kernel_lookup.hpp"
#include "cli/present_gpu.hpp"
#include "cli/text_table.hpp"
#include "cli/trials.hpp"
#include "codegen/tile_program.hpp"
#include "db/counters.hpp"
#include "profiler/device_probe.hpp"
#include "recipes/definition.hpp"
#include "recipes/error.hpp"

namespace perftune {

void profile_kernel(const std::string& kernel, const std::string& database, bool json, Context& context) {
  const ExplainedSubject found = find_subject(kernel, database, context);
  if (found.program.empty())
    throw Error(ErrorKind::usage, "profile: '" + kernel + "' is a file; give the id of a kernel (`perftune query`)");
  const Hardware& hardware = *found.hardware;
  const auto device = hardware.kind == Hardware::Kind::gpu ? present_device(hardware, context) : std::nullopt;
  if (!device)
    throw Error(ErrorKind::unavailable,
                hardware.name + ": no such GPU here; counters need the device (`profile --list` does not)");
  StoreOptions open;
  open.mode = StoreMode::read_write;
  Store store(database.empty() ? context.database_default : database, open);
  const Operator& op = found.points.front().op;
  Subject subject{op, definition(op), hardware, {}, 1};
  subject.policy.cold = true;
  subject.policy.timer = "event";
  const CountedKernel counted =
      count_kernel(worker_options(context), subject, TileProgram::parse(found.program), *device);
  if (counted.failure)
    throw Error(ErrorKind::no_candidate, fmt::format("the kernel did not run: {}: {}", name(counted.failure->kind),
                                                     counted.failure->detail));
  const auto op_id = store.find_operator(op.signature());
  const auto hardware_id = store.find_hardware(describe(hardware));
  const std::string id = store.kernel(kernel)->id;
  if (op_id && hardware_id && !counted.counters.empty())
    put_counters(store, *op_id, *hardware_id, id, counted.counters);
  if (json) {
    nlohmann::json document = {{"schema", "perftune.counters/1"}, {"kernel", id}, {"hardware", hardware.name},
                               {"chip", counted.chip}, {"passes", counted.passes},
                               {"counters", nlohmann::json::array()}, {"refused", nullptr}};
    for (const CounterValue& value : counted.counters)
      document["counters"].push_back({{"metric", value.metric}, {"name", value.name}, {"value", value.value}});
    if (!counted.refused.empty()) document["refused"] = counted.refused;
    context.print(json_text(document));
  } else if (counted.refused.empty()) {
    TextTable table({"counter", ">value", "name"});
    for (const CounterValue& value : counted.counters)
      table.add({value.metric, fmt::format("{:.6g}", value.value), value.name});
    context.print(table.text());
  }
  if (!counted.refused.empty()) context.say("perftune: no counters: " + counted.refused);
}

}  // namespace perftune
