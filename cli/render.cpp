#include "cli/render.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/text_table.hpp"

namespace perftune {
namespace {

using nlohmann::json;

template <class T>
json or_null(bool known, const T& value) {
  return known ? json(value) : json(nullptr);
}

json candidate_json(const TunedCandidate& c) {
  const auto& outcome = c.outcome;
  const auto& prediction = c.ranked.prediction;
  const bool compiled = outcome.resources.has_value();
  const Resources facts = outcome.resources.value_or(Resources{});
  const bool gpu = c.ranked.program.target.starts_with("cuda/");
  const bool timed = outcome.timing.has_value(), modelled = !is_vendor(c);
  return {{"kernel", c.kernel},
          {"program", c.ranked.program.text()},
          {"target", c.ranked.program.target},
          {"predicted_us", or_null(modelled, prediction.us)},
          {"predicted_low_us", or_null(modelled, prediction.low_us)},
          {"predicted_high_us", or_null(modelled, prediction.high_us)},
          {"measured_us", timed ? json(outcome.timing->median_us) : json(nullptr)},
          {"energy_j", c.energy_j ? json(*c.energy_j) : json(nullptr)},
          {"samples", timed ? json(outcome.timing->samples_us.size()) : json(nullptr)},
          {"spread", timed ? json(outcome.timing->spread) : json(nullptr)},
          {"registers", or_null(compiled && gpu, facts.registers)},
          {"shared_bytes", or_null(compiled && gpu, facts.shared_bytes)},
          {"registers_estimate", or_null(gpu, c.ranked.estimate.registers)},
          {"shared_bytes_estimate", or_null(gpu, c.ranked.estimate.shared_bytes)},
          {"spill_bytes", or_null(compiled && gpu, facts.spill_bytes)},
          {"occupancy", or_null(gpu, prediction.occupancy)},
          {"limiter", or_null(modelled, prediction.limiter)},
          {"verified_by", name(outcome.verified_by)},
          {"outcome", name(outcome.kind)},
          {"detail", or_null(!outcome.detail.empty(), outcome.detail)}};
}

json prediction_json(const Prediction& p) {
  json stages = json::array();
  for (const auto& stage : p.breakdown)
    stages.push_back({{"stage", stage.stage}, {"us", stage.us}, {"overlapped", stage.overlapped}});
  return {{"predicted_us", p.us},      {"predicted_low_us", p.low_us},
          {"predicted_high_us", p.high_us}, {"limiter", p.limiter},
          {"breakdown", stages},       {"occupancy", p.occupancy},
          {"waves", p.waves},          {"dram_bytes", p.dram_bytes},
          {"l2_bytes", p.l2_bytes},    {"advice", p.advice},
          {"clock_ghz", or_null(p.clock_ghz > 0, p.clock_ghz)},
          {"peak_tflops", or_null(p.peak_tflops > 0, p.peak_tflops)}, {"padding", p.padding}};
}

}  // namespace

void add_json_option(CLI::App& command, bool& wants_json) {
  command.add_flag("--json", wants_json, "One JSON document on stdout");
  command
      .add_option_function<std::string>(
          "--format", [&wants_json](const std::string& format) { wants_json = format == "json"; },
          "text or json")
      ->check(CLI::IsMember({"text", "json"}));
}

std::string dims_text(const Dims& dims) {
  std::string out;
  for (const auto& [dim, extent] : dims)
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", dim, extent);
  return out;
}

std::string operator_heading(const Operator& op, const Hardware& hardware) {
  return fmt::format("{} ({}) on {}\n{:.3g} GFLOP, {} at least, {:.3g} FLOP/byte\n", op.name,
                     dims_text(op.base_dims()), hardware.vendor_name, op.flops() * 1e-9,
                     format_bytes(op.compulsory_bytes()), op.intensity());
}

json result_json(const TuneResult& r) {
  json candidates = json::array();
  for (const auto& candidate : r.candidates) candidates.push_back(candidate_json(candidate));
  json baselines = json::array();
  for (const auto& baseline : r.baselines)
    baselines.push_back({{"name", baseline.name}, {"us", baseline.us}});
  return {{"operator", r.operator_name},
          {"signature", r.signature},
          {"dims", r.dims},
          {"weight", r.weight},
          {"hardware", r.hardware},
          {"mode", r.measured ? "measured" : "offline"},
          {"counts",
           {{"constructed", r.counts.constructed},
            {"compiled", r.counts.compiled},
            {"verified", r.counts.verified},
            {"measured", r.counts.measured},
            {"failed", r.counts.failed}}},
          {"candidates", candidates},
          {"best", or_null(!r.best.empty(), r.best)},
          {"best_basis", or_null(!r.best.empty(), r.best_measured ? "measured" : "predicted")},
          {"best_us", r.best_us ? json(*r.best_us) : json(nullptr)},
          {"ties", r.ties},
          {"objective", r.by_energy ? "energy" : "time"},
          {"baselines", baselines},
          {"resumed", r.resumed},
          {"learned", r.learned},
          {"parts", r.parts},
          {"part_of", or_null(!r.part_of.empty(), r.part_of)},
          {"note", or_null(!r.note.empty(), r.note)},
          {"seconds",
           {{"construct", r.seconds.construct},
            {"compile", r.seconds.compile},
            {"verify", r.seconds.verify},
            {"measure", r.seconds.measure},
            {"total", r.seconds.total}}}};
}

json explanation_json(const Operator& op, const Hardware& hardware, const Ranked& candidate) {
  json rules = json::array();
  for (const auto& rule : candidate.rules)
    rules.push_back({{"knob", rule.knob}, {"rule", rule.rule}, {"reason", rule.reason}});
  return {{"operator", op.name},
          {"signature", op.signature()},
          {"dims", op.base_dims()},
          {"hardware", hardware.name},
          {"program", candidate.program.text()},
          {"flops", op.flops()},
          {"compulsory_bytes", op.compulsory_bytes()},
          {"rules", rules},
          {"prediction", prediction_json(candidate.prediction)},
          {"registers_estimate", candidate.estimate.registers},
          {"shared_bytes", candidate.estimate.shared_bytes}};
}

json hardware_json(const Hardware& h) {
  json measured = json::object();
  for (const auto& [key, figure] : h.measured)
    measured[key] = {{"value", figure.value}, {"source", figure.source}};
  const auto peaks = [](const std::map<DType, double>& by_type) {
    json out = json::object();
    for (const auto& [type, tflops] : by_type) out[std::string(name(type))] = tflops;
    return out;
  };
  return {{"name", h.name},
          {"vendor_name", h.vendor_name},
          {"aliases", h.aliases},
          {"kind", h.kind == Hardware::Kind::gpu ? "gpu" : "cpu"},
          {"arch", h.arch},
          {"model_only", h.model_only},
          {"sms", h.sms},
          {"boost_ghz", h.boost_ghz},
          {"tensor_ghz", h.tensor_ghz},
          {"dram_gbps", h.dram_gbps},
          {"dram_gib", h.dram_gib},
          {"l2_mib", h.l2_mib},
          {"scalar_tflops", peaks(h.scalar_tflops)},
          {"tensor_tflops", peaks(h.tensor_tflops)},
          {"measured", measured},
          {"note", or_null(!h.note.empty(), h.note)}};
}

std::string result_text(const TuneResult& r) {
  std::string out = fmt::format("{} ({}) on {}, {}\n", r.operator_name, dims_text(r.dims), r.hardware,
                                r.measured ? "measured" : "offline: nothing below was run on the device");
  if (!r.parts.empty()) {
    out += fmt::format("{} kernels: {}\n", r.parts.size(), fmt::join(r.parts, ", "));
    if (r.best_us)
      out += fmt::format("together {} {}\n", format_time(*r.best_us),
                         r.best_measured ? "measured" : "predicted, not measured");
    return out + r.note + "\n";
  }
  TextTable table({"", "kernel", ">predicted", ">90 % interval", ">measured", ">spread", "verified by",
                   "limiter", "outcome", "program"});
  for (const auto& c : r.candidates) {
    const auto& p = c.ranked.prediction;
    const bool timed = c.outcome.timing.has_value();
    const bool tie = std::find(r.ties.begin(), r.ties.end(), c.kernel) != r.ties.end();
    table.add({c.kernel == r.best ? "*" : tie ? "=" : "", c.kernel, is_vendor(c) ? "-" : format_time(p.us),
               is_vendor(c) ? "-" : fmt::format("{} .. {}", format_time(p.low_us), format_time(p.high_us)),
               timed ? format_time(c.outcome.timing->median_us) : "-",
               timed ? fmt::format("{:.1f} %", 100 * c.outcome.timing->spread) : "-",
               std::string(name(c.outcome.verified_by)), p.limiter,
               std::string(name(c.outcome.kind)), c.ranked.program.text()});
  }
  out += table.text();
  out += fmt::format("{} constructed, {} compiled, {} verified, {} measured, {} failed in {:.1f} s\n",
                     r.counts.constructed, r.counts.compiled, r.counts.verified, r.counts.measured,
                     r.counts.failed, r.seconds.total);
  for (const auto& c : r.candidates)
    if (c.energy_j) out += fmt::format("{} {} takes {:.4g} mJ per launch\n", c.kernel == r.best ? "*" : " ", c.kernel, 1e3 * *c.energy_j);
  if (!r.best.empty() && r.best_us)
    out += fmt::format("best {}: {} {}{}\n", r.best, format_time(*r.best_us),
                       r.best_measured ? "measured" : "predicted, not measured",
                       r.ties.empty() ? "" : fmt::format("; {} within noise of it (=)", r.ties.size()));
  if (!r.note.empty()) out += r.note + "\n";
  return out;
}

}  // namespace perftune
