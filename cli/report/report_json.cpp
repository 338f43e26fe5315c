#include <nlohmann/json.hpp>

#include "cli/json_text.hpp"
#include "cli/report/renderers.hpp"

namespace perftune {
namespace {

using nlohmann::json;

json known(double value) { return value > 0 ? json(value) : json(nullptr); }
json known(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }
json known(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

// Intensity by memory level: compulsory traffic is a fact, the rest is the model's.
json levels_of(const ReportRow& row) {
  json levels = json::array();
  const auto add = [&](const char* level, double bytes, const char* basis) {
    if (bytes > 0)
      levels.push_back({{"level", level}, {"bytes", bytes}, {"intensity", row.flops / bytes},
                        {"basis", basis}});
  };
  add("compulsory", row.bytes, "counted");
  add("dram", row.dram_bytes, "modelled");
  add("l2", row.l2_bytes, "modelled");
  return levels;
}

json other_json(const std::optional<ReportRow::Other>& other) {
  if (!other) return nullptr;
  return {{"name", other->name}, {"us", other->us}, {"basis", other->measured ? "measured" : "predicted"}};
}

json suite_json(const Report& report, const ReportSuite& suite) {
  json parts = json::array();
  for (const ReportSuite::Part& part : suite.parts) {
    const ReportRow& row = report.rows[part.row];
    parts.push_back({{"operator", row.op}, {"kernel", row.kernel}, {"calls", part.weight}, {"us", part.us},
                     {"share", suite.us > 0 ? part.us / suite.us : 0}});
  }
  return {{"suite", suite.name}, {"hardware", suite.device}, {"us", suite.us}, {"roofline_us", known(suite.roofline_us)},
          {"fraction", known(suite.fraction())}, {"basis", suite.measured ? "measured" : "predicted"},
          {"parts", parts}, {"missing", suite.missing}};
}

json row_json(const ReportRow& row) {
  json stages = json::array();
  for (const StageTime& stage : row.stages)
    stages.push_back({{"stage", stage.stage}, {"us", stage.us}, {"overlapped", stage.overlapped}});
  const bool known_roof = row.roofline_us > 0;
  return {{"operator", row.op}, {"dims", row.dims}, {"family", row.family}, {"dtype", row.dtype},
          {"hardware", row.device}, {"target", row.target}, {"kernel", row.kernel},
          {"program", row.program}, {"policy", row.policy}, {"taken_at", known(row.taken_at)},
          {"basis", row.measured ? "measured" : "predicted"},
          {"measured_us", row.measured ? known(row.us) : json(nullptr)},
          {"predicted_us", known(row.predicted_us)}, {"spread", known(row.spread)},
          {"flops", row.flops}, {"bytes", row.bytes}, {"intensity", known(row.intensity())},
          {"tflops", known(row.tflops())}, {"roofline_us", known(row.roofline_us)},
          {"bound", known(row.bound)},
          {"fraction", known_roof ? json(row.fraction()) : json(nullptr)},
          {"headroom_us", known_roof ? json(row.headroom_us()) : json(nullptr)},
          {"weight", row.weight}, {"weighted_headroom_us", known_roof ? json(row.weighted_headroom_us()) : json(nullptr)},
          {"before", other_json(row.before)}, {"baseline", other_json(row.baseline)},
          {"limiter", known(row.limiter)}, {"advice", known(row.advice)}, {"stages", stages},
          {"levels", levels_of(row)}, {"impossible", known(row.flag)}, {"note", known(row.note)}};
}

}  // namespace

std::string report_json(const Report& report) {
  json rows = json::array();
  for (const ReportRow& row : report.rows) rows.push_back(row_json(row));
  json devices = json::array();
  for (const ReportDevice& device : report.devices) {
    json roofs = json::array();
    for (const Roof& roof : device.roofs)
      roofs.push_back({{"name", roof.name}, {"kind", roof.memory ? "memory" : "arithmetic"},
                       {roof.memory ? "gbps" : "tflops", roof.rate},
                       {"basis", roof.measured ? "measured" : "datasheet"}});
    devices.push_back({{"name", device.name}, {"vendor_name", device.vendor_name}, {"roofs", roofs}});
  }
  json suites = json::array();
  for (const ReportSuite& suite : report.suites) suites.push_back(suite_json(report, suite));
  // A name in the store may not be UTF-8: shown with replacement characters.
  return json_text(json{{"schema", "perftune.report/1"}, {"store", report.store}, {"devices", devices},
              {"kernels", rows}, {"suites", suites}, {"against", known(report.against)}, {"more", report.more}});
}

}  // namespace perftune
