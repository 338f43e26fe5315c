#include "profiler/bench.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "recipes/error.hpp"

namespace perftune {
namespace {

using nlohmann::json;

constexpr double kCompileSeconds = 60;
constexpr double kBenchSeconds = 120;

}  // namespace

BenchedKernel bench_kernel(const WorkerOptions& workers, const Subject& subject, const TileProgram& program,
                           std::optional<int> device) {
  WorkerOptions options = workers;
  options.workers = 1;
  options.device_worker = device.has_value();
  WorkerPool pool(options);
  BenchedKernel benched;
  json body = {{"subject", encode_subject(subject)}, {"program", program.text()}, {"device", device.value_or(0)}};
  JobRequest compile{device ? "compile_cuda" : "prepare_cpu", {dump(body), {}, false}, kCompileSeconds};
  JobResult compiled = pool.wait(pool.submit(std::move(compile)));
  if (compiled.error) throw Error(*compiled.error);
  benched.failure = compiled.failure;
  if (benched.failure) return benched;
  try {
    const json answer = json::parse(compiled.value.json);
    const Outcome outcome = decode_outcome(answer.at("outcome"));
    if (outcome.kind != OutcomeKind::pending) {
      benched.failure = Failure{outcome.kind, outcome.detail};
      return benched;
    }
    body["digest"] = answer.value("digest", std::string());
    JobRequest request{device ? "bench_cuda" : "bench_cpu",
                       {dump(body), std::move(compiled.value.attachment), false},
                       kBenchSeconds,
                       device ? Lane::device : Lane::alone,
                       true};
    const JobResult result = pool.wait(pool.submit(std::move(request)));
    if (result.error) throw Error(*result.error);
    benched.failure = result.failure;
    if (!benched.failure) benched.failure = decode_named(json::parse(result.value.json), benched.named);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    benched.failure = Failure{OutcomeKind::crashed, std::string("the worker's answer is broken: ") + error.what()};
  }
  return benched;
}

}  // namespace perftune
