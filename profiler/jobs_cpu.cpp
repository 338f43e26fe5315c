#include "profiler/jobs_cpu.hpp"

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace perftune {
namespace {

using nlohmann::json;

// After anything but success the process may hold a damaged heap or stray threads.
bool damaged(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::wrong_result || outcome.kind == OutcomeKind::launch_failed;
}

JobValue prepare(CpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  const Subject subject = decode_subject(request.at("subject"));
  VerifiedBinary binary;
  const Outcome outcome = trials.compile_and_verify(
      subject, TileProgram::parse(request.at("program").get<std::string>()), binary);
  const json answer = {{"outcome", encode_outcome(outcome)}, {"digest", binary.digest}};
  return {dump(answer), std::move(binary.binary), damaged(outcome)};
}

JobValue measure(CpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  const Subject subject = decode_subject(request.at("subject"));
  const Outcome outcome =
      trials.measure(subject, {TileProgram::parse(request.at("program").get<std::string>()),
                               in.attachment, request.at("digest").get<std::string>()});
  return {dump({{"outcome", encode_outcome(outcome)}}), {}, damaged(outcome)};
}

JobValue confirm(CpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  const Subject subject = decode_subject(request.at("subject"));
  std::optional<Failure> failure;
  const InterleavedSamples samples =
      trials.confirm(subject, decode_kernels(request.at("kernels"), in.attachment), failure);
  return {dump(encode_samples(samples, failure)), {}, failure.has_value()};
}

JobValue bench(CpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  std::optional<Failure> failure;
  const NamedSamples named = trials.bench(
      decode_subject(request.at("subject")),
      {TileProgram::parse(request.at("program").get<std::string>()), in.attachment,
       request.at("digest").get<std::string>()},
      failure);
  return {dump(encode_named(named, failure)), {}, true};  // with the vendors' threads in it
}

}  // namespace

void add_cpu_jobs(WorkerJobs& jobs, const EmitterRegistry& emitters, CpuToolchain toolchain) {
  const auto trials = std::make_shared<CpuTrials>(emitters, std::move(toolchain));
  jobs.add("prepare_cpu", [trials](const JobValue& in) { return prepare(*trials, in); });
  jobs.add("measure_cpu", [trials](const JobValue& in) { return measure(*trials, in); });
  jobs.add("bench_cpu", [trials](const JobValue& in) { return bench(*trials, in); });
  jobs.add("confirm_cpu", [trials](const JobValue& in) { return confirm(*trials, in); });
}

}  // namespace perftune
