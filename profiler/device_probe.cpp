#include "profiler/device_probe.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {
namespace {

using nlohmann::json;

constexpr double kProbeSeconds = 60;    // a driver that starts the first time may take many
constexpr double kCompileSeconds = 60;
constexpr double kCalibrateSeconds = 180;
constexpr double kCountSeconds = 120;   // a kernel runs once per pass, with its memory saved between

WorkerOptions one_worker(WorkerOptions workers) {
  workers.workers = 1;
  workers.device_worker = true;
  return workers;
}

JobRequest request_of(std::string name, json body, double deadline_s, Lane lane) {
  JobRequest request;
  request.name = std::move(name);
  request.value.json = dump(body);
  request.deadline_s = deadline_s;
  request.lane = lane;
  return request;
}

}  // namespace

PresentDevice probe_device(const WorkerOptions& workers, int device) {
  WorkerPool pool(one_worker(workers));
  const JobResult result =
      pool.wait(pool.submit(request_of("probe_cuda", {{"device", device}}, kProbeSeconds, Lane::device)));
  if (result.error) throw Error(*result.error);
  if (result.failure)
    throw Error(ErrorKind::unavailable, "the GPU's driver does not start: " + result.failure->detail);
  try {
    const json answer = json::parse(result.value.json);
    PresentDevice found{answer.at("driver").get<std::string>(), answer.at("uuid").get<std::string>(),
                        answer.at("clock").get<std::string>(), {}};
    if (found.clock != "cupti") {
      found.clock = "event";
      found.note = "times come from CUDA events: " + answer.at("why_not_cupti").get<std::string>();
    }
    if (const auto why = answer.at("why_not_nvml").get<std::string>(); !why.empty())
      found.note += (found.note.empty() ? "" : "; ") + ("clocks and power are not recorded: " + why);
    return found;
  } catch (const json::exception& error) {
    throw Error(ErrorKind::unavailable, std::string("the GPU's worker answered nonsense: ") + error.what());
  }
}

std::map<std::string, Hardware::Measured> calibrate_device(const WorkerOptions& workers, const Hardware& hardware,
                                                           int device, const std::string& date,
                                                           double seconds_per_value) {
  WorkerPool pool(one_worker(workers));
  const json body = {{"hardware", format_hardware(hardware)}, {"device", device}, {"date", date},
                     {"seconds_per_value", seconds_per_value}};
  const JobResult result =
      pool.wait(pool.submit(request_of("calibrate_cuda", body, kCalibrateSeconds, Lane::device)));
  if (result.error) throw Error(*result.error);
  if (result.failure) throw Error(ErrorKind::unavailable, "calibration: " + result.failure->detail);
  std::map<std::string, Hardware::Measured> measured;
  try {
    const json answer = json::parse(result.value.json);
    for (const auto& [key, entry] : answer.at("measured").items()) {
      const double value = entry.at("value").get<double>();
      if (std::isfinite(value) && value > 0) measured[key] = {value, entry.at("source").get<std::string>()};
    }
  } catch (const json::exception& error) {
    throw Error(ErrorKind::unavailable, std::string("the GPU's worker answered nonsense: ") + error.what());
  }
  return measured;
}

CountedKernel count_kernel(const WorkerOptions& workers, const Subject& subject, const TileProgram& program,
                           int device) {
  WorkerPool pool(one_worker(workers));
  CountedKernel counted;
  const json body = {{"subject", encode_subject(subject)}, {"program", program.text()}, {"device", device}};
  const JobResult compiled =
      pool.wait(pool.submit(request_of("compile_cuda", body, kCompileSeconds, Lane::shared)));
  if (compiled.error) throw Error(*compiled.error);
  counted.failure = compiled.failure;
  try {
    if (!counted.failure) {
      const Outcome outcome = decode_outcome(json::parse(compiled.value.json).at("outcome"));
      if (compiled.value.attachment.empty()) counted.failure = Failure{outcome.kind, outcome.detail};
    }
    if (counted.failure) return counted;
    JobRequest request = request_of("count_cuda", body, kCountSeconds, Lane::device);
    request.value.attachment = compiled.value.attachment;
    const JobResult result = pool.wait(pool.submit(std::move(request)));
    if (result.error) throw Error(*result.error);
    counted.failure = result.failure;
    if (counted.failure) return counted;
    const json answer = json::parse(result.value.json);
    counted.chip = answer.at("chip").get<std::string>();
    counted.passes = answer.at("passes").get<int>();
    counted.refused = answer.value("refused", std::string());
    if (answer.contains("failure")) {
      const auto kind = parse_outcome_kind(answer.at("failure").at("kind").get<std::string>());
      counted.failure = Failure{kind.value_or(OutcomeKind::crashed),
                                answer.at("failure").at("detail").get<std::string>()};
    }
    for (const json& counter : answer.at("counters")) {
      const double value = counter.at("value").get<double>();
      if (!std::isfinite(value)) throw std::invalid_argument("a counter that is no number");
      counted.counters.push_back(
          {counter.at("key").get<std::string>(), counter.at("name").get<std::string>(), value});
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    counted.failure = Failure{OutcomeKind::crashed, std::string("the worker's answer is broken: ") + error.what()};
  }
  return counted;
}

}  // namespace perftune
