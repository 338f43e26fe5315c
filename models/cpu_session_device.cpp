// A session's kernels on this CPU: shared objects called over one pool of threads.
#include "executor/guarded_buffer.hpp"
#include "executor/thread_pool.hpp"
#include "models/kernel_build.hpp"
#include "models/session_device.hpp"

namespace perftune {
namespace {

class CpuCall final : public KernelCall {
 public:
  CpuCall(BoundCall call, const PerftunePool* pool) : call_(std::move(call)), pool_(pool) {}
  void run() const override { call_.run(pool_); }

 private:
  BoundCall call_;
  const PerftunePool* pool_;
};

class CpuSessionDevice final : public SessionDevice {
 public:
  CpuSessionDevice(const Hardware& hardware, const EmitterRegistry& emitters, const HostCompiler& compiler, int threads,
                   BinaryCache* cache)
      : pool_(threads), build_(hardware, emitters, compiler, cache) {}

  std::size_t want(const Operator& op, const TileProgram& program) override { return build_.want(op, program); }
  const Operator& op(std::size_t handle) const override { return build_.op(handle); }
  void compile_all() override {
    build_.compile_all(pool_.threads());
    workspace_ = GuardedBuffer(build_.workspace_bytes() + 64);
  }
  void map(std::span<std::byte>) override {}
  void to_device(std::span<const std::byte>) override {}
  void to_host(std::span<std::byte>) override {}
  std::unique_ptr<KernelCall> bind(std::size_t handle, const std::map<std::string, std::byte*>& tensors) override {
    return std::make_unique<CpuCall>(build_.bind(handle, tensors, workspace_.data()), pool_.c_pool());
  }
  std::unique_ptr<KernelCall> sequence(std::span<KernelCall* const>) override { return nullptr; }
  void finish() override {}

 private:
  ThreadPool pool_;
  KernelBuild build_;
  GuardedBuffer workspace_;
};

}  // namespace

std::unique_ptr<SessionDevice> cpu_session_device(const Hardware& hardware, const EmitterRegistry& emitters,
                                                  const HostCompiler& compiler, int threads, BinaryCache* cache) {
  return std::make_unique<CpuSessionDevice>(hardware, emitters, compiler, threads, cache);
}

}  // namespace perftune
