#include "models/kernel_build.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <string_view>
#include <thread>

#include "codegen/cpu/headers.hpp"
#include "recipes/error.hpp"

namespace perftune {

std::size_t KernelBuild::want(const Operator& op, const TileProgram& program) {
  const Emitter* emitter = emitters_.find(program);
  if (emitter == nullptr) throw Error(ErrorKind::internal, op.name + ": no emitter for " + program.text());
  Wanted wanted{op, emitter->emit(op, program, hardware_), emitter->bind(op, program, hardware_)};
  if (wanted.launch.workspace_zeroed_bytes > 0)
    throw Error(ErrorKind::internal, op.name + ": its kernel keeps a workspace between launches");
  workspace_ = std::max(workspace_, static_cast<std::size_t>(wanted.launch.workspace_bytes));
  libraries_.try_emplace(wanted.kernel.source);
  wanted_.push_back(std::move(wanted));
  return wanted_.size() - 1;
}

void KernelBuild::compile_all(int at_a_time) {
  struct Job {
    const Kernel* kernel;
    HostCompileResult result;
  };
  const auto load = [&](const Kernel& kernel, const std::string& binary, std::string& why_not) {
    auto library = LoadedLibrary::load(binary, why_not);
    if (library) libraries_[kernel.source] = std::make_shared<const LoadedLibrary>(*std::move(library));
    return library.has_value();
  };
  std::vector<Job> jobs;
  std::set<std::string_view> seen;
  for (const Wanted& wanted : wanted_) {
    if (!seen.insert(wanted.kernel.source).second) continue;
    std::string why_not;
    const std::string kept = cache_ != nullptr ? cache_->find(wanted.kernel) : std::string();
    if (kept.empty() || !load(wanted.kernel, kept, why_not)) jobs.push_back({&wanted.kernel, {}});
  }
  const auto flags = cpu_compile_flags(hardware_.cpu.isa);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < jobs.size(); i = next++)
      jobs[i].result = compiler_.compile(jobs[i].kernel->source, cpu_device_headers(), flags, 120);
  };
  std::vector<std::thread> threads;
  for (int t = 1; t < at_a_time; ++t) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  std::vector<BinaryCache::Made> made;
  for (const Job& job : jobs) {
    if (!job.result.ok) throw Error(ErrorKind::no_candidate, "a kernel does not compile: " + job.result.log);
    std::string why_not;
    if (!load(*job.kernel, job.result.binary, why_not)) throw Error(ErrorKind::no_candidate, "a kernel does not load: " + why_not);
    made.push_back({job.kernel, &job.result.binary});
  }
  if (cache_ != nullptr && !made.empty()) cache_->keep(made);
}

BoundCall KernelBuild::bind(std::size_t handle, const std::map<std::string, std::byte*>& tensors,
                            std::byte* workspace) const {
  const Wanted& wanted = wanted_.at(handle);
  const auto& library = libraries_.at(wanted.kernel.source);
  std::string why_not;
  void* entry = library->entry(wanted.kernel.entry, why_not);
  if (entry == nullptr) throw Error(ErrorKind::no_candidate, wanted.op.name + ": " + why_not);
  std::vector<std::uint64_t> parameters;
  std::size_t scalar = 0;
  for (const Argument& argument : wanted.kernel.arguments) {
    switch (argument.kind) {
      case Argument::Kind::tensor:
        parameters.push_back(reinterpret_cast<std::uintptr_t>(tensors.at(wanted.op.tensors.at(argument.tensor).name)));
        break;
      case Argument::Kind::workspace: parameters.push_back(reinterpret_cast<std::uintptr_t>(workspace)); break;
      case Argument::Kind::scalar: parameters.push_back(static_cast<std::uint64_t>(wanted.launch.scalars.at(scalar++))); break;
      case Argument::Kind::tensor_map: throw Error(ErrorKind::internal, wanted.op.name + ": a tensor map on the CPU");
    }
  }
  return {library, reinterpret_cast<BoundCall::Entry>(entry), std::move(parameters)};
}

}  // namespace perftune
