#include "cli/export_manifest.hpp"

#include <fmt/format.h>

#include "cli/json_text.hpp"
#include "cli/text_table.hpp"
#include "codegen/version.hpp"
#include "db/query.hpp"

namespace perftune {
namespace {

using Json = nlohmann::ordered_json;

const std::vector<std::string> columns = {
    "signature", "hardware", "status",   "measured_us",     "spread",       "samples", "predicted_us", "predicted_low_us",
    "predicted_high_us", "limiter", "roofline_us", "fraction", "tflops",  "verified_by", "registers", "shared_bytes",
    "spill_bytes", "phase", "policy", "arch", "compiler", "flags", "codegen_version", "driver", "host", "clock_mhz", "command", "taken_at"};

nlohmann::json value_of(const Cell& cell) {
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return *integer;
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return nullptr;
}

nlohmann::json object_of(const QueryResult& result, std::size_t row) {
  nlohmann::json object;
  for (std::size_t i = 0; i < result.columns.size(); ++i)
    object[std::string(result.columns[i].name)] = value_of(result.rows[row][i]);
  return object;
}

Json tensor_json(const Operator& op, int slot) {
  const Tensor& tensor = op.tensors[static_cast<std::size_t>(slot)];
  return {{"name", tensor.name}, {"role", tensor.role == Tensor::Role::input ? "input" : "output"},
          {"type", name(tensor.type)}, {"shape", tensor.shape}, {"layout", "row-major"}};
}

Json arguments_json(const Bundle& bundle) {
  constexpr const char* kinds[] = {"tensor", "workspace", "scalar", "tensor_map"};
  Json list = Json::array();
  std::size_t scalar = 0, map = 0;
  for (const Argument& argument : bundle.kernel.arguments) {
    Json one{{"name", argument.name}, {"kind", kinds[static_cast<int>(argument.kind)]}};
    if (argument.kind == Argument::Kind::tensor)
      one["tensor"] = bundle.op.tensors[static_cast<std::size_t>(argument.tensor)].name;
    if (argument.kind == Argument::Kind::scalar) one["value"] = bundle.launch.scalars.at(scalar++);
    if (argument.kind == Argument::Kind::tensor_map) {
      const TensorMap& m = bundle.launch.tensor_maps.at(map++);
      one["tensor"] = bundle.op.tensors[static_cast<std::size_t>(m.tensor)].name;
      one["rank"] = m.rank, one["extents"] = m.extents, one["strides_bytes"] = m.strides;
      one["box"] = m.box, one["swizzle_bytes"] = m.swizzle_bytes, one["type"] = name(m.type);
    }
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

ExportFacts export_facts(Store& store, const KernelUse& use, const Operator& op, const Hardware& hardware,
                         const Kernel& kernel) {
  ExportFacts facts;
  facts.recorded = use.kernel.id;
  facts.same_text = kernel.id() == use.kernel.id;
  QueryRequest request;
  request.view = QueryRequest::View::history;
  request.conditions = {"kernel=" + use.kernel.id};
  request.columns = columns;
  request.limit = 0;
  const QueryResult found = query(store, request);
  // The newest row of this operator and device; one with a time before one without.
  for (std::size_t row = 0; row < found.rows.size(); ++row) {
    const nlohmann::json object = object_of(found, row);
    if (object["signature"] != op.signature() || object["hardware"] != hardware.name) continue;
    if (facts.provenance.is_null() || (facts.provenance["measured_us"].is_null() && !object["measured_us"].is_null()))
      facts.provenance = object;
  }
  const auto us = [&](const char* key) {
    return facts.provenance.is_object() && facts.provenance[key].is_number()
               ? format_time(facts.provenance[key].get<double>()) : std::string();
  };
  if (facts.provenance.is_null()) facts.summary = "never timed at this shape";
  else if (!us("measured_us").empty())
    facts.summary = fmt::format("measured {} on {}, {}", us("measured_us"), facts.provenance["taken_at"].get<std::string>(),
                                facts.provenance["policy"].get<std::string>());
  else facts.summary = fmt::format("predicted {}, not measured", us("predicted_us"));
  return facts;
}

std::string manifest(const Bundle& bundle, const std::string& name, const ExportFacts& facts,
                     const Hardware& hardware, const std::vector<BundleFile>& files) {
  const Operator& op = bundle.op;
  const Launch& l = bundle.launch;
  const bool cuda = bundle.kernel.language == Kernel::Language::cuda;
  Json tensors = Json::array(), names = Json::array();
  for (const int slot : op.inputs()) tensors.push_back(tensor_json(op, slot));
  for (const int slot : op.outputs()) tensors.push_back(tensor_json(op, slot));
  for (const BundleFile& file : files) names.push_back(file.name);
  names.push_back("manifest.json");
  Json launch{{"workspace_bytes", l.workspace_bytes}, {"workspace_zeroed_bytes", l.workspace_zeroed_bytes}};
  if (cuda)
    launch.update({{"grid", l.grid}, {"block", l.block}, {"cluster", l.cluster}, {"dynamic_shared_bytes", l.dynamic_shared_bytes}});
  Json document{
      {"schema", "perftune.export/1"}, {"name", name}, {"kernel", bundle.kernel.id()}, {"entry", name + "_kernel"},
      {"language", cuda ? "cuda" : "cpp"}, {"family", bundle.kernel.program.family}, {"target", bundle.kernel.program.target},
      {"program", bundle.kernel.program.text()},
      {"operator", {{"name", op.name}, {"dims", op.dims}, {"signature", op.signature()}, {"flops", op.flops()},
                    {"compulsory_bytes", op.compulsory_bytes()}, {"tensors", tensors}}},
      {"hardware", {{"name", hardware.name}, {"vendor_name", hardware.vendor_name}, {"arch", cuda ? hardware.arch : hardware.cpu.isa}}},
      {"arguments", arguments_json(bundle)}, {"launch", launch}, {"build", bundle.build}, {"files", names},
      {"perftune_version", PERFTUNE_VERSION}, {"codegen_version", codegen_version()},
      {"recorded_kernel", facts.recorded}, {"recorded_text_is_this", facts.same_text}, {"measurement", facts.provenance}};
  return json_text(document);
}

}  // namespace perftune
