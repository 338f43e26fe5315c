#include "profiler/measurer.hpp"

#include <cmath>
#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "profiler/statistics.hpp"

namespace perftune {
namespace {

using nlohmann::json;

// Runs that a kernel needs at least, however long it is: warm-up, fewest samples, checks.
constexpr double kMeasureRuns = 8;
constexpr double kConfirmRuns = 10;

void merge_times(Outcome& into, const Outcome& from) {
  into.compile_seconds += from.compile_seconds;
  into.verify_seconds += from.verify_seconds;
  into.measure_seconds += from.measure_seconds;
}

// A worker's answer is data from a process that may have been damaged: what does not decode costs
// the candidate.
template <typename Decode>
std::optional<Failure> guarded(Decode decode) {
  try {
    return decode();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    return Failure{OutcomeKind::crashed,
                   std::string("the worker's answer is broken: ") + error.what()};
  }
}

}  // namespace

Measurer::Measurer(WorkerPool& pool, const EmitterRegistry& emitters, MeasurerOptions options)
    : pool_(pool), emitters_(emitters), options_(std::move(options)) {}

Subject Measurer::subject_of(const Operator& op, const std::string& definition) const {
  return {op, definition, options_.hardware, options_.policy, options_.seed};
}

JobRequest Measurer::first_stage(const Candidate& candidate) const {
  JobRequest request;
  request.name = on_cpu() ? "prepare_cpu" : "compile_cuda";
  request.value.json =
      dump({{"subject", encode_subject(candidate.subject)}, {"program", candidate.program.text()}});
  request.deadline_s = options_.prepare_deadline_s + slowest_run_s(candidate.subject.op);
  return request;
}

// No kernel worth keeping computes more slowly than this; what does is stopped as a hang.
double Measurer::slowest_run_s(const Operator& op) const {
  constexpr double kCpuFlops = 5e9;
  constexpr double kGpuFlops = 100e9;
  return op.flops() / (on_cpu() ? kCpuFlops : kGpuFlops);
}

std::optional<Measurer::Candidate> Measurer::legal(int ticket, const Operator& op, const std::string& definition,
                                                   const TileProgram& program) {
  Candidate candidate{ticket, false, subject_of(op, definition), program, {}, {}};
  const Emitter* emitter = emitters_.find(program);
  std::optional<std::string> why = "no emitter for it";
  if (emitter != nullptr) why = emitter->illegal(op, program, options_.hardware);
  if (why) {
    candidate.outcome.kind = OutcomeKind::rejected;
    candidate.outcome.detail = *why;
    finished_.push_back({ticket, {}, std::move(candidate.outcome)});
    return std::nullopt;
  }
  candidate.kernel = emitter->emit(op, program, options_.hardware);
  return candidate;
}

void Measurer::submit(int ticket, const Operator& op, const std::string& definition,
                      const TileProgram& program) {
  auto candidate = legal(ticket, op, definition, program);
  if (!candidate) return;
  const Ticket job = pool_.submit(first_stage(*candidate));
  under_way_.emplace(job, *std::move(candidate));
}

void Measurer::submit_built(int ticket, const Operator& op, const std::string& definition, const TileProgram& program,
                            std::string binary) {
  auto candidate = legal(ticket, op, definition, program);
  if (!candidate) return;
  candidate->outcome.binary = binary;
  start_second_stage(*std::move(candidate), {program, std::move(binary), {}});
}

void Measurer::start_second_stage(Candidate candidate, const VerifiedBinary& binary) {
  JobRequest request;
  request.name = on_cpu() ? "measure_cpu" : options_.device ? "measure_cuda" : "emulate";
  request.value.json = dump({{"subject", encode_subject(candidate.subject)},
                             {"program", candidate.program.text()},
                             {"digest", binary.digest},
                             {"device", options_.device.value_or(0)}});
  request.deadline_s = options_.prepare_deadline_s;
  if (measures()) {
    request.value.attachment = binary.binary;
    request.deadline_s = options_.measure_deadline_s + options_.policy.max_seconds +
                         kMeasureRuns * slowest_run_s(candidate.subject.op);
    request.lane = on_cpu() ? Lane::alone : Lane::device;
  }
  candidate.second_stage = true;
  const Ticket job = pool_.submit(std::move(request));
  under_way_.emplace(job, std::move(candidate));
}

bool Measurer::go_on(Candidate& candidate, JobResult& result) {
  if (result.error) throw Error(*result.error);
  VerifiedBinary binary{candidate.program, {}, {}};
  std::optional<Failure> failure = std::move(result.failure);
  if (!failure) {
    failure = guarded([&] {
      const json answer = json::parse(result.value.json);
      Outcome stage = decode_outcome(answer.at("outcome"));
      binary.digest = answer.value("digest", std::string());
      merge_times(stage, candidate.outcome);
      // The later stage decides, but knows only its own part.
      if (!stage.resources) stage.resources = std::move(candidate.outcome.resources);
      stage.binary = std::move(candidate.outcome.binary);
      candidate.outcome = std::move(stage);
      return std::optional<Failure>();
    });
  }
  if (failure) {
    candidate.outcome.kind = failure->kind;
    candidate.outcome.detail = std::move(failure->detail);
    return false;
  }
  if (candidate.second_stage || candidate.outcome.kind != OutcomeKind::pending) return false;
  candidate.outcome.binary = result.value.attachment;
  binary.binary = std::move(result.value.attachment);
  if (measures()) {
    binaries_[{candidate.subject.op.signature(), candidate.program.text()}] = binary;
  }
  start_second_stage(std::move(candidate), binary);
  return true;
}

std::optional<FinishedTrial> Measurer::next(WorkerPool::Clock::time_point deadline) {
  while (finished_.empty()) {
    std::optional<JobResult> result = pool_.wait_any(deadline);
    if (!result) return std::nullopt;
    const auto found = under_way_.find(result->ticket);
    if (found == under_way_.end()) continue;
    Candidate candidate = std::move(found->second);
    under_way_.erase(found);
    if (go_on(candidate, *result)) continue;
    finished_.push_back(
        {candidate.ticket, std::move(candidate.kernel), std::move(candidate.outcome)});
  }
  FinishedTrial trial = std::move(finished_.front());
  finished_.pop_front();
  return trial;
}

const VerifiedBinary* Measurer::binary_of(const Subject& subject, const TileProgram& program,
                                          Failure& failure) {
  const BinaryKey key{subject.op.signature(), program.text()};
  if (const auto found = binaries_.find(key); found != binaries_.end()) return &found->second;
  // Known from an earlier run: its binary is made again.
  JobResult result = pool_.wait(pool_.submit(first_stage({0, false, subject, program, {}, {}})));
  if (result.error) throw Error(*result.error);
  VerifiedBinary binary{program, std::move(result.value.attachment), {}};
  std::optional<Failure> wrong = std::move(result.failure);
  if (!wrong) {
    wrong = guarded([&] {
      const json answer = json::parse(result.value.json);
      const Outcome outcome = decode_outcome(answer.at("outcome"));
      binary.digest = answer.value("digest", std::string());
      return outcome.kind == OutcomeKind::pending
                 ? std::nullopt
                 : std::optional(Failure{outcome.kind, outcome.detail});
    });
  }
  if (wrong) {
    failure = std::move(*wrong);
    return nullptr;
  }
  return &binaries_.emplace(key, std::move(binary)).first->second;
}

std::optional<Confirmed> Measurer::confirm(const Operator& op, const std::string& definition,
                                           std::span<const TileProgram> programs,
                                           Failure& failure) {
  const Subject subject = subject_of(op, definition);
  std::vector<VerifiedBinary> kernels;
  for (const TileProgram& program : programs) {
    const VerifiedBinary* const kernel = binary_of(subject, program, failure);
    if (kernel == nullptr) return std::nullopt;
    kernels.push_back(*kernel);
  }
  JobRequest request;
  request.name = on_cpu() ? "confirm_cpu" : "confirm_cuda";
  const json list = encode_kernels(kernels, request.value.attachment);
  request.value.json = dump({{"subject", encode_subject(subject)},
                             {"kernels", list},
                             {"device", options_.device.value_or(0)}});
  request.deadline_s = options_.confirm_deadline_s +
                       kConfirmRuns * static_cast<double>(programs.size() + 1) * slowest_run_s(op);
  request.lane = on_cpu() ? Lane::alone : Lane::device;
  request.fresh_worker = true;
  const JobResult result = pool_.wait(pool_.submit(std::move(request)));
  if (result.error) throw Error(*result.error);
  std::optional<Failure> wrong = result.failure;
  InterleavedSamples samples;
  if (!wrong) {
    wrong = guarded(
        [&] { return decode_samples(json::parse(result.value.json), programs.size(), samples); });
  }
  if (wrong) {
    failure = std::move(*wrong);
    return std::nullopt;
  }
  return decide(samples);
}

std::optional<std::vector<double>> Measurer::energy(const Operator& op, const std::string& definition,
                                                    std::span<const TileProgram> programs, std::string& why_not) {
  constexpr double kSecondsPerKernel = 12;  // three windows, and the counter's patience
  const Subject subject = subject_of(op, definition);
  std::vector<VerifiedBinary> kernels;
  for (const TileProgram& program : programs) {
    Failure failure;
    const VerifiedBinary* const kernel = binary_of(subject, program, failure);
    if (kernel == nullptr) {
      why_not = failure.detail;
      return std::nullopt;
    }
    kernels.push_back(*kernel);
  }
  JobRequest request;
  request.name = on_cpu() ? "energy_cpu" : "energy_cuda";
  const json list = encode_kernels(kernels, request.value.attachment);
  request.value.json = dump({{"subject", encode_subject(subject)}, {"kernels", list},
                             {"device", options_.device.value_or(0)}, {"powercap", options_.powercap}});
  request.deadline_s = options_.confirm_deadline_s +
                       static_cast<double>(programs.size()) * (kSecondsPerKernel + 8 * slowest_run_s(op));
  request.lane = on_cpu() ? Lane::alone : Lane::device;
  request.fresh_worker = true;
  const JobResult result = pool_.wait(pool_.submit(std::move(request)));
  if (result.error) throw Error(*result.error);
  std::vector<double> joules;
  std::optional<Failure> wrong = result.failure;
  if (!wrong) {
    wrong = guarded([&] {
      const json answer = json::parse(result.value.json);
      why_not = answer.at("why_not").get<std::string>();
      for (const json& rounds : answer.at("joules")) {
        const double middle = median(rounds.get<std::vector<double>>());
        if (!std::isfinite(middle) || middle <= 0) throw std::invalid_argument("energy that is none");
        joules.push_back(middle);
      }
      return std::optional<Failure>();
    });
  }
  if (wrong) why_not = wrong->detail;
  if (!why_not.empty() || joules.size() != programs.size()) return std::nullopt;
  return joules;
}

}  // namespace perftune
