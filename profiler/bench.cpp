#include "profiler/bench.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "codegen/vendor/vendor_target.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using nlohmann::json;

constexpr double kCompileSeconds = 60;
constexpr double kBenchSeconds = 120;

// What a worker answers is data: what does not decode is its failure.
template <class Decode>
std::optional<Failure> decoded(const JobResult& result, Decode decode) {
  if (result.error) throw Error(*result.error);
  if (result.failure) return result.failure;
  try {
    return decode(json::parse(result.value.json));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    return Failure{OutcomeKind::crashed, std::string("the worker's answer is broken: ") + error.what()};
  }
}

class Bench {
 public:
  Bench(const WorkerOptions& workers, const Subject& subject, std::optional<int> device)
      : pool_(alone(workers, device.has_value())), subject_(encode_subject(subject)), device_(device) {}

  // Compiled, and on a CPU verified.
  std::optional<Failure> build(const TileProgram& program, VerifiedBinary& binary) {
    const json body = {{"subject", subject_}, {"program", program.text()}};
    JobResult result = pool_.wait(pool_.submit({device_ ? "compile_cuda" : "prepare_cpu", {dump(body), {}, false}, kCompileSeconds}));
    auto failure = decoded(result, [&](const json& answer) -> std::optional<Failure> {
      const Outcome outcome = decode_outcome(answer.at("outcome"));
      if (outcome.kind != OutcomeKind::pending) return Failure{outcome.kind, outcome.detail};
      binary.digest = answer.value("digest", std::string());
      return std::nullopt;
    });
    binary.program = program;
    binary.binary = std::move(result.value.attachment);
    return failure;
  }

  // The libraries are called by the worker itself.
  std::optional<Failure> against_gpu_libraries(const VerifiedBinary& kernel, NamedSamples& named) {
    const json body = {{"subject", subject_}, {"program", kernel.program.text()}, {"device", *device_}, {"digest", kernel.digest}};
    return decoded(last("bench_cuda", dump(body), kernel.binary), [&](const json& answer) { return decode_named(answer, named); });
  }

  // The libraries are called by kernels like any other.
  std::optional<Failure> against(std::vector<VerifiedBinary> kernels, InterleavedSamples& samples) {
    std::string binaries;
    const json list = encode_kernels(kernels, binaries);
    return decoded(last("confirm_cpu", dump({{"subject", subject_}, {"kernels", list}}), std::move(binaries)),
                   [&](const json& answer) { return decode_samples(answer, kernels.size(), samples); });
  }

  VendorPrograms vendors() {
    VendorPrograms found;
    const JobResult result = device_ ? last("vendors_cuda", dump({{"subject", subject_}, {"device", *device_}}), {})
                                     : last("vendors_cpu", dump({{"subject", subject_}}), {});
    if (const auto failure = decoded(result, [&](const json& answer) -> std::optional<Failure> {
          answer.at("missing").get_to(found.missing);
          for (const json& text : answer.at("programs")) found.programs.push_back(TileProgram::parse(text.get<std::string>()));
          return std::nullopt;
        }))
      found.missing.push_back("looking for libraries: " + failure->detail);
    return found;
  }

 private:
  static WorkerOptions alone(WorkerOptions options, bool device) {
    options.workers = 1;
    options.device_worker = device;
    return options;
  }
  JobResult last(std::string name, std::string body, std::string attachment) {
    return pool_.wait(pool_.submit({std::move(name), {std::move(body), std::move(attachment), false}, kBenchSeconds,
                                    device_ ? Lane::device : Lane::alone, true}));
  }

  WorkerPool pool_;
  const json subject_;
  const std::optional<int> device_;
};

}  // namespace

BenchedKernel bench_kernel(const WorkerOptions& workers, const Subject& subject, const TileProgram& program,
                           std::optional<int> device) {
  Bench bench(workers, subject, device);
  BenchedKernel benched;
  std::vector<VerifiedBinary> kernels(1);
  benched.failure = bench.build(program, kernels.front());
  if (benched.failure) return benched;
  NamedSamples& named = benched.named;
  if (device) {
    benched.failure = bench.against_gpu_libraries(kernels.front(), named);
    return benched;
  }
  VendorPrograms vendors = bench.vendors();
  named.missing = std::move(vendors.missing);
  for (const TileProgram& vendor : vendors.programs) {
    const std::string name(find_vendor(vendor.target)->name);
    VerifiedBinary binary;
    if (const auto failure = bench.build(vendor, binary)) {
      named.missing.push_back(name + " does not compute this operator: " + failure->detail);
      continue;
    }
    kernels.push_back(std::move(binary));
    named.names.push_back(name);
    named.details.push_back(name + " " + version_text(vendor.get("version", 0)));
  }
  benched.failure = bench.against(std::move(kernels), named.samples);
  return benched;
}

VendorPrograms find_vendor_programs(const WorkerOptions& workers, const Subject& subject, std::optional<int> device) {
  return Bench(workers, subject, device).vendors();
}

}  // namespace perftune
