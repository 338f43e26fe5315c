#include "profiler/job_codec.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

using nlohmann::json;

json encode_resources(const Resources& resources) {
  return {{"registers", resources.registers},
          {"shared_bytes", resources.shared_bytes},
          {"spill_bytes", resources.spill_bytes},
          {"stack_bytes", resources.stack_bytes},
          {"warnings", resources.warnings}};
}

Resources decode_resources(const json& from) {
  Resources resources;
  from.at("registers").get_to(resources.registers);
  from.at("shared_bytes").get_to(resources.shared_bytes);
  from.at("spill_bytes").get_to(resources.spill_bytes);
  from.at("stack_bytes").get_to(resources.stack_bytes);
  from.at("warnings").get_to(resources.warnings);
  return resources;
}

json encode_policy(const Policy& policy) {
  return {{"cold", policy.cold},
          {"rotate", policy.rotate},
          {"threads", policy.threads},
          {"warmup_ms", policy.warmup_ms},
          {"sample_us", policy.sample_us},
          {"min_rounds", policy.min_rounds},
          {"max_seconds", policy.max_seconds},
          {"timer", policy.timer}};
}

Policy decode_policy(const json& from) {
  Policy policy;
  from.at("cold").get_to(policy.cold);
  from.at("rotate").get_to(policy.rotate);
  from.at("threads").get_to(policy.threads);
  from.at("warmup_ms").get_to(policy.warmup_ms);
  from.at("sample_us").get_to(policy.sample_us);
  from.at("min_rounds").get_to(policy.min_rounds);
  from.at("max_seconds").get_to(policy.max_seconds);
  from.at("timer").get_to(policy.timer);
  return policy;
}

Operator find_operator(const std::string& definition, const Dims& dims,
                       const std::string& signature) {
  for (const OperatorPoint& point : parse_operator_text(definition, "operator")) {
    bool same_names = point.op.base_dims().size() == dims.size();
    for (const auto& [name, extent] : point.op.base_dims()) {
      same_names = same_names && dims.contains(name);
    }
    if (!same_names) continue;
    Operator op = point.op.rebind(dims);
    if (op.signature() == signature) return op;
  }
  throw std::invalid_argument("the operator's definition does not give the operator");
}

double finite(const json& from) {
  const double value = from.get<double>();
  if (!std::isfinite(value)) throw std::invalid_argument("a number that is not finite");
  return value;
}

json encode_state(const DeviceState& state) {
  return {{"sm_mhz", state.sm_mhz},   {"memory_mhz", state.memory_mhz}, {"temperature_c", state.temperature_c},
          {"power_w", state.power_w}, {"reasons", state.reasons},       {"throttled", state.throttled}};
}

DeviceState decode_state(const json& from) {
  return {finite(from.at("sm_mhz")),  finite(from.at("memory_mhz")),          finite(from.at("temperature_c")),
          finite(from.at("power_w")), from.at("reasons").get<std::string>(), from.at("throttled").get<bool>()};
}

json encode_conditions(const Conditions& conditions) {
  json to = {{"clock", conditions.clock}, {"throttled", conditions.throttled}};
  if (conditions.launch_us) to["launch_us"] = *conditions.launch_us;
  if (conditions.before) to["before"] = encode_state(*conditions.before);
  if (conditions.after) to["after"] = encode_state(*conditions.after);
  return to;
}

Conditions decode_conditions(const json& from) {
  Conditions conditions;
  from.at("clock").get_to(conditions.clock);
  if (conditions.clock != "cupti" && conditions.clock != "event")
    throw std::invalid_argument("a clock of unknown name");
  from.at("throttled").get_to(conditions.throttled);
  if (from.contains("launch_us")) conditions.launch_us = finite(from.at("launch_us"));
  if (from.contains("before")) conditions.before = decode_state(from.at("before"));
  if (from.contains("after")) conditions.after = decode_state(from.at("after"));
  return conditions;
}

}  // namespace

json encode_subject(const Subject& subject) {
  return {
      {"definition", subject.definition},        {"dims", subject.op.base_dims()},
      {"signature", subject.op.signature()},     {"hardware", format_hardware(subject.hardware)},
      {"policy", encode_policy(subject.policy)}, {"seed", subject.seed}};
}

Subject decode_subject(const json& from) {
  Subject subject;
  from.at("definition").get_to(subject.definition);
  subject.op = find_operator(subject.definition, from.at("dims").get<Dims>(),
                             from.at("signature").get<std::string>());
  subject.hardware = parse_hardware(from.at("hardware").get<std::string>(), "hardware");
  subject.policy = decode_policy(from.at("policy"));
  from.at("seed").get_to(subject.seed);
  return subject;
}

json encode_outcome(const Outcome& outcome) {
  json to = {{"kind", name(outcome.kind)},
             {"detail", outcome.detail},
             {"verified_by", name(outcome.verified_by)},
             {"compile_seconds", outcome.compile_seconds},
             {"verify_seconds", outcome.verify_seconds},
             {"measure_seconds", outcome.measure_seconds}};
  if (outcome.resources) to["resources"] = encode_resources(*outcome.resources);
  if (outcome.conditions) to["conditions"] = encode_conditions(*outcome.conditions);
  if (outcome.timing) {
    to["timing"] = {{"median_us", outcome.timing->median_us},
                    {"spread", outcome.timing->spread},
                    {"samples_us", outcome.timing->samples_us}};
  }
  return to;
}

Outcome decode_outcome(const json& from) {
  Outcome outcome;
  const auto kind = parse_outcome_kind(from.at("kind").get<std::string>());
  const auto by = parse_verified_by(from.at("verified_by").get<std::string>());
  if (!kind || !by) throw std::invalid_argument("an outcome of unknown kind");
  outcome.kind = *kind;
  outcome.verified_by = *by;
  from.at("detail").get_to(outcome.detail);
  outcome.compile_seconds = finite(from.at("compile_seconds"));
  outcome.verify_seconds = finite(from.at("verify_seconds"));
  outcome.measure_seconds = finite(from.at("measure_seconds"));
  if (from.contains("resources")) outcome.resources = decode_resources(from.at("resources"));
  if (from.contains("timing")) {
    Timing timing;
    timing.median_us = finite(from.at("timing").at("median_us"));
    timing.spread = finite(from.at("timing").at("spread"));
    from.at("timing").at("samples_us").get_to(timing.samples_us);
    outcome.timing = std::move(timing);
  }
  if (from.contains("conditions")) outcome.conditions = decode_conditions(from.at("conditions"));
  return outcome;
}

json encode_kernels(std::span<const VerifiedBinary> kernels, std::string& attachment) {
  json list = json::array();
  for (const VerifiedBinary& kernel : kernels) {
    list.push_back({{"program", kernel.program.text()},
                    {"digest", kernel.digest},
                    {"bytes", kernel.binary.size()}});
    attachment += kernel.binary;
  }
  return list;
}

std::vector<VerifiedBinary> decode_kernels(const json& list, const std::string& attachment) {
  std::vector<VerifiedBinary> kernels;
  std::size_t at = 0;
  for (const json& kernel : list) {
    const auto bytes = kernel.at("bytes").get<std::size_t>();
    if (bytes > attachment.size() - at) throw std::invalid_argument("binaries are missing");
    kernels.push_back({TileProgram::parse(kernel.at("program").get<std::string>()),
                       attachment.substr(at, bytes), kernel.at("digest").get<std::string>()});
    at += bytes;
  }
  return kernels;
}

json encode_samples(const InterleavedSamples& samples, const std::optional<Failure>& failure) {
  if (failure) {
    return {{"failure", {{"kind", name(failure->kind)}, {"detail", failure->detail}}}};
  }
  return {{"kernels_us", samples.kernels_us}, {"control_us", samples.control_us}};
}

std::optional<Failure> decode_samples(const json& answer, std::size_t kernels,
                                      InterleavedSamples& samples) {
  if (answer.contains("failure")) {
    const json& told = answer.at("failure");
    const auto kind = parse_outcome_kind(told.at("kind").get<std::string>());
    return Failure{kind.value_or(OutcomeKind::crashed), told.at("detail").get<std::string>()};
  }
  answer.at("kernels_us").get_to(samples.kernels_us);
  answer.at("control_us").get_to(samples.control_us);
  bool good = samples.kernels_us.size() == kernels && !samples.control_us.empty();
  const auto check = [&](const std::vector<double>& times) {
    good = good && times.size() == samples.control_us.size();
    for (const double us : times) good = good && std::isfinite(us) && us > 0;
  };
  check(samples.control_us);
  for (const std::vector<double>& times : samples.kernels_us) check(times);
  if (!good) throw std::invalid_argument("samples that are no times");
  return std::nullopt;
}

json encode_named(const NamedSamples& named, const std::optional<Failure>& failure) {
  json to = encode_samples(named.samples, failure);
  to["names"] = named.names;
  to["details"] = named.details;
  to["missing"] = named.missing;
  return to;
}

std::optional<Failure> decode_named(const json& answer, NamedSamples& named) {
  answer.at("names").get_to(named.names);
  answer.at("details").get_to(named.details);
  answer.at("missing").get_to(named.missing);
  named.details.resize(named.names.size());
  return decode_samples(answer, named.names.size() + 1, named.samples);
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace perftune
