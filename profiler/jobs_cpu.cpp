#include "profiler/jobs_cpu.hpp"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "codegen/vendor/vendor_target.hpp"
#include "executor/cpu_vendor.hpp"

namespace perftune {
namespace {

using nlohmann::json;

// After anything but success the process may hold a damaged heap or stray threads; after a vendor's library
// it does hold that one's threads.
bool damaged(const Outcome& outcome, const TileProgram& program) {
  return outcome.kind == OutcomeKind::wrong_result || outcome.kind == OutcomeKind::launch_failed ||
         is_vendor(program.target);
}

JobValue prepare(CpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  const Subject subject = decode_subject(request.at("subject"));
  const TileProgram program = TileProgram::parse(request.at("program").get<std::string>());
  VerifiedBinary binary;
  const Outcome outcome = trials.compile_and_verify(subject, program, binary);
  const json answer = {{"outcome", encode_outcome(outcome)}, {"digest", binary.digest}};
  return {dump(answer), std::move(binary.binary), damaged(outcome, program)};
}

JobValue measure(CpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  const Subject subject = decode_subject(request.at("subject"));
  const TileProgram program = TileProgram::parse(request.at("program").get<std::string>());
  const Outcome outcome =
      trials.measure(subject, {program, in.attachment, request.at("digest").get<std::string>()});
  return {dump({{"outcome", encode_outcome(outcome)}}), {}, damaged(outcome, program)};
}

JobValue confirm(CpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  const Subject subject = decode_subject(request.at("subject"));
  std::optional<Failure> failure;
  const std::vector<VerifiedBinary> kernels = decode_kernels(request.at("kernels"), in.attachment);
  const InterleavedSamples samples = trials.confirm(subject, kernels, failure);
  const bool vendor = std::ranges::any_of(kernels, [](const auto& kernel) { return is_vendor(kernel.program.target); });
  return {dump(encode_samples(samples, failure)), {}, failure.has_value() || vendor};
}

// Programs of the libraries of this machine.
JobValue vendors(const JobValue& in) {
  const Subject subject = decode_subject(json::parse(in.json).at("subject"));
  std::vector<std::string> missing;
  json programs = json::array();
  for (const TileProgram& program : cpu_vendor_programs(subject.op, missing)) programs.push_back(program.text());
  return {dump({{"programs", programs}, {"missing", missing}}), {}, true};  // with their threads in it
}

JobValue energy(CpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  std::string why_not;
  const auto joules = trials.energy(decode_subject(request.at("subject")), decode_kernels(request.at("kernels"), in.attachment),
                                    request.at("powercap").get<std::string>(), why_not);
  return {dump({{"joules", joules}, {"why_not", why_not}}), {}, true};
}

}  // namespace

void add_cpu_jobs(WorkerJobs& jobs, const EmitterRegistry& emitters, CpuToolchain toolchain) {
  const auto trials = std::make_shared<CpuTrials>(emitters, std::move(toolchain));
  jobs.add("prepare_cpu", [trials](const JobValue& in) { return prepare(*trials, in); });
  jobs.add("measure_cpu", [trials](const JobValue& in) { return measure(*trials, in); });
  jobs.add("energy_cpu", [trials](const JobValue& in) { return energy(*trials, in); });
  jobs.add("vendors_cpu", vendors);
  jobs.add("confirm_cpu", [trials](const JobValue& in) { return confirm(*trials, in); });
}

}  // namespace perftune
