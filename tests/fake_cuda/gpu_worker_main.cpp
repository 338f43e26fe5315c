// The workers of the GPU tests: perftune's own jobs with the fakes as libraries, and the faults of
// processes that no kernel can plant.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "gpu_worker_fixture.hpp"
#include "profiler/jobs_cuda.hpp"

namespace perftune {
namespace {

DeviceFault fault_of(const JobValue& in) {
  const auto request = nlohmann::json::parse(in.json);
  if (!request.contains("program")) return DeviceFault::none;
  return static_cast<DeviceFault>(TileProgram::parse(request.at("program").get<std::string>()).at("fault"));
}

JobValue compile(const WorkerJobs::Function& job, const JobValue& in) {
  if (fault_of(in) == DeviceFault::compiler_hangs) {
    for (;;) ::pause();
  }
  std::vector<std::unique_ptr<char[]>> taken;
  while (fault_of(in) == DeviceFault::compiler_drains)
    taken.push_back(std::make_unique_for_overwrite<char[]>(std::size_t{1} << 27));
  return job(in);
}

JobValue measure(const WorkerJobs::Function& job, const JobValue& in) {
  const DeviceFault fault = fault_of(in);
  if (fault == DeviceFault::child_exits) ::_exit(0);
  if (fault == DeviceFault::child_garbage) {
    const std::string noise(100, '?');
    if (::write(kWorkerOutput, noise.data(), noise.size()) < 0) ::_exit(1);
  }
  JobValue answer = job(in);
  if (fault == DeviceFault::child_lies) {
    const std::size_t at = answer.json.find("\"median_us\":");
    if (at != std::string::npos) answer.json.insert(at + 12, "\"fast\",\"was\":");
  }
  return answer;
}

int run_worker() {
  EmitterRegistry emitters;
  emitters.add(std::make_unique<DeviceFaultEmitter>());
  WorkerJobs real;
  add_cuda_jobs(real, emitters, CpuToolchain{}, kCudaFolders, {PERFTUNE_FAKE_CUDA_FOLDER});
  WorkerJobs jobs = real;
  jobs.add("compile_cuda", [&](const JobValue& in) { return compile(*real.find("compile_cuda"), in); });
  jobs.add("measure_cuda", [&](const JobValue& in) { return measure(*real.find("measure_cuda"), in); });
  return worker_main(kWorkerInput, kWorkerOutput, jobs);
}

}  // namespace
}  // namespace perftune

int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == perftune::kWorkerArgument) return perftune::run_worker();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
