#include "profiler/jobs_cuda.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "codegen/vendor/vendor_target.hpp"
#include "executor/emulated_device.hpp"
#include "executor/nvrtc.hpp"
#include "executor/verification.hpp"
#include "profiler/gpu_trials.hpp"
#include "profiler/job_codec.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Outcome failed(Failure failure) {
  Outcome outcome;
  outcome.kind = failure.kind;
  outcome.detail = std::move(failure.detail);
  return outcome;
}

class CudaTrials {
 public:
  CudaTrials(const EmitterRegistry& emitters, CpuToolchain host, LibrarySearch search)
      : emitters_(emitters), host_(std::move(host)), search_(std::move(search)) {}

  // `pending` with the binary, or the failure.
  Outcome compile(const Subject& subject, const TileProgram& program) {
    if (is_vendor(program.target)) return compile_host_code(subject, program);
    if (!nvrtc_) nvrtc_.emplace(search_);
    const Emitter& emitter = emitter_of(program);
    const auto start = Clock::now();
    auto result =
        nvrtc_->compile(emitter.emit(subject.op, program, subject.hardware), subject.hardware.arch);
    if (Failure* failure = std::get_if<Failure>(&result)) {
      Outcome outcome = failed(std::move(*failure));
      outcome.compile_seconds = seconds_since(start);
      return outcome;
    }
    auto& compiled = std::get<CompiledKernel>(result);
    Outcome outcome;
    outcome.compile_seconds = seconds_since(start);
    outcome.binary = std::move(compiled.binary);
    outcome.resources = std::move(compiled.resources);
    outcome.resources->shared_bytes +=
        emitter.bind(subject.op, program, subject.hardware).dynamic_shared_bytes;
    if (outcome.resources->spill_bytes > 0) {
      outcome.kind = OutcomeKind::rejected;
      outcome.detail = fmt::format("spills {} bytes", outcome.resources->spill_bytes);
    } else if (!outcome.resources->warnings.empty()) {
      outcome.kind = OutcomeKind::rejected;
      outcome.detail = outcome.resources->warnings.front();
    }
    return outcome;
  }

  // `pending` and verified by emulation, or the failure.
  Outcome emulate(const Subject& subject, const TileProgram& program) {
    const Emitter& emitter = emitter_of(program);
    const auto start = Clock::now();
    Failure failure;
    const std::optional<CompiledKernel> kernel =
        compile_for_emulation(emitter.emit(subject.op, program, subject.hardware), host_compiler(),
                              host_.compile_deadline_s, failure);
    if (!kernel) {
      failure.detail = "for the emulator: " + failure.detail;
      return failed(std::move(failure));
    }
    const Operator small = emitter.shrink(subject.op, program);
    EmulatedDevice device(subject.hardware);
    const std::optional<Failure> wrong = verify_on(
        device, small, *kernel, with_turns(emitter.bind(small, program, subject.hardware)),
        subject.seed);
    Outcome outcome = wrong ? failed(*wrong) : Outcome{};
    if (!wrong) outcome.verified_by = VerifiedBy::emulation;
    outcome.verify_seconds = seconds_since(start);
    return outcome;
  }

 private:
  const HostCompiler& host_compiler() {
    if (!compiler_) {
      compiler_ = HostCompiler::find(host_.preferred_compiler, host_.search_path);
      if (!compiler_) {
        throw Error(ErrorKind::unavailable, "no host C++ compiler (g++ or clang++) in PATH");
      }
      compiler_->set_temporary_parent(host_.temporary_parent);
    }
    return *compiler_;
  }

  // A call of a vendor's library.
  Outcome compile_host_code(const Subject& subject, const TileProgram& program) {
    HostCompileResult result = host_compiler().compile(emitter_of(program).emit(subject.op, program, subject.hardware).source,
                                                       {}, vendor_compile_flags(), host_.compile_deadline_s);
    Outcome outcome = result.ok ? Outcome{} : failed({OutcomeKind::compile_failed, result.log});
    outcome.compile_seconds = result.seconds;
    outcome.binary = std::move(result.binary);
    if (result.ok) outcome.resources = Resources{};
    return outcome;
  }

  const Emitter& emitter_of(const TileProgram& program) const {
    const Emitter* found = emitters_.find(program);
    if (found == nullptr) {
      throw Error(ErrorKind::internal,
                  fmt::format("no emitter for {} {}", program.family, program.target));
    }
    return *found;
  }

  const EmitterRegistry& emitters_;
  CpuToolchain host_;
  LibrarySearch search_;
  std::optional<Nvrtc> nvrtc_;
  std::optional<HostCompiler> compiler_;
};

template <typename Run>
JobValue serve(const JobValue& in, Run run) {
  const json request = json::parse(in.json);
  Outcome outcome = run(decode_subject(request.at("subject")),
                        TileProgram::parse(request.at("program").get<std::string>()));
  // A kernel that went wrong in the emulator ran in this very process.
  const bool damaged = outcome.kind == OutcomeKind::wrong_result;
  return {dump({{"outcome", encode_outcome(outcome)}}), std::move(outcome.binary), damaged};
}

JobValue measure(GpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  const Outcome outcome = trials.measure(
      decode_subject(request.at("subject")), request.at("device").get<int>(),
      {TileProgram::parse(request.at("program").get<std::string>()), in.attachment, {}});
  return {dump({{"outcome", encode_outcome(outcome)}}), {}, !trials.usable()};
}

JobValue confirm(GpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  std::optional<Failure> failure;
  const InterleavedSamples samples =
      trials.confirm(decode_subject(request.at("subject")), request.at("device").get<int>(),
                     decode_kernels(request.at("kernels"), in.attachment), failure);
  return {dump(encode_samples(samples, failure)), {}, !trials.usable()};
}

JobValue bench(GpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  std::optional<Failure> failure;
  const NamedSamples named =
      trials.bench(decode_subject(request.at("subject")), request.at("device").get<int>(),
                   {TileProgram::parse(request.at("program").get<std::string>()), in.attachment, {}}, failure);
  return {dump(encode_named(named, failure)), {}, true};
}

JobValue vendors(GpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  std::vector<std::string> missing;
  json programs = json::array();
  for (const TileProgram& program : trials.vendors(decode_subject(request.at("subject")), request.at("device").get<int>(), missing))
    programs.push_back(program.text());
  return {dump({{"programs", programs}, {"missing", missing}}), {}, true};
}

JobValue energy(GpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  std::string why_not;
  std::optional<Failure> failure;
  const auto joules = trials.energy(decode_subject(request.at("subject")), request.at("device").get<int>(),
                                    decode_kernels(request.at("kernels"), in.attachment), why_not, failure);
  if (failure) why_not = failure->detail;
  return {dump({{"joules", joules}, {"why_not", why_not}}), {}, !trials.usable()};
}

JobValue probe(GpuTrials& trials, const JobValue& in) {
  const ProbedGpu probed = trials.probe(json::parse(in.json).at("device").get<int>());
  return {dump({{"driver", probed.driver}, {"uuid", probed.uuid}, {"clock", probed.clock},
                {"why_not_cupti", probed.why_not_cupti}, {"why_not_nvml", probed.why_not_nvml}}), {}, true};
}

JobValue calibrate(GpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  json measured = json::object();
  for (const auto& [key, entry] :
       trials.calibrate(parse_hardware(request.at("hardware").get<std::string>(), "hardware"),
                        request.at("device").get<int>(), request.at("seconds_per_value").get<double>(),
                        request.at("date").get<std::string>()))
    measured[key] = {{"value", entry.value}, {"source", entry.source}};
  return {dump({{"measured", measured}}), {}, true};
}

JobValue count(GpuTrials& trials, const JobValue& in) {
  const json request = json::parse(in.json);
  std::optional<Failure> failure;
  const CounterReading reading =
      trials.count(decode_subject(request.at("subject")), request.at("device").get<int>(),
                   {TileProgram::parse(request.at("program").get<std::string>()), in.attachment, {}}, failure);
  json answer = {{"chip", reading.chip}, {"passes", reading.passes}, {"counters", json::array()}};
  for (const CollectedCounter& counter : reading.counters)
    answer["counters"].push_back({{"key", counter.key}, {"name", counter.name}, {"value", counter.value}});
  if (!reading.refused.empty()) answer["refused"] = reading.refused;
  if (failure) answer["failure"] = {{"kind", name(failure->kind)}, {"detail", failure->detail}};
  return {dump(answer), {}, true};
}

}  // namespace

void add_cuda_jobs(WorkerJobs& jobs, const EmitterRegistry& emitters, CpuToolchain host,
                   LibrarySearch cuda, std::vector<std::string> driver_folders) {
  const LibrarySearch search = cuda;
  const auto trials =
      std::make_shared<CudaTrials>(emitters, std::move(host), std::move(cuda));
  jobs.add("compile_cuda", [trials](const JobValue& in) {
    return serve(in, [&](const Subject& subject, const TileProgram& program) {
      return trials->compile(subject, program);
    });
  });
  jobs.add("emulate", [trials](const JobValue& in) {
    return serve(in, [&](const Subject& subject, const TileProgram& program) {
      return trials->emulate(subject, program);
    });
  });
  const auto on_device = std::make_shared<GpuTrials>(
      emitters, GpuLibraries{std::move(driver_folders), search});
  jobs.add("probe_cuda", [on_device](const JobValue& in) { return probe(*on_device, in); });
  jobs.add("calibrate_cuda", [on_device](const JobValue& in) { return calibrate(*on_device, in); });
  jobs.add("bench_cuda", [on_device](const JobValue& in) { return bench(*on_device, in); });
  jobs.add("energy_cuda", [on_device](const JobValue& in) { return energy(*on_device, in); });
  jobs.add("vendors_cuda", [on_device](const JobValue& in) { return vendors(*on_device, in); });
  jobs.add("count_cuda", [on_device](const JobValue& in) { return count(*on_device, in); });
  jobs.add("measure_cuda", [on_device](const JobValue& in) { return measure(*on_device, in); });
  jobs.add("confirm_cuda", [on_device](const JobValue& in) { return confirm(*on_device, in); });
}

}  // namespace perftune
