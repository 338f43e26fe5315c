// A session's kernels on a GPU: compiled here by NVRTC, loaded and launched by the executor's own runtime
// for other people's programs, on mirrors of the session's memory.
//
// Everything goes into the legacy default stream, where copies and launches keep their order.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "executor/library/cuda_runtime.hpp"
#include "models/session_device.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

void check(const cuda::Driver& driver, cuda::Result result, const char* doing) {
  if (result == 0) return;
  throw Error(cuda::Driver::device_lost(result) ? ErrorKind::unavailable : ErrorKind::no_candidate,
              fmt::format("{}: {}", doing, driver.error_text(result)));
}

// The runtime's words, unless the device is what failed.
[[noreturn]] void fail(const cuda::Driver& driver, const std::string& whose, const std::string& why) {
  check(driver, driver.synchronize(), "the GPU");
  throw Error(ErrorKind::no_candidate, whose + ": " + why);
}

class CudaCall final : public KernelCall {
 public:
  CudaCall(const cuda::Driver& driver, std::shared_ptr<PreparedLaunch> launch, std::string name)
      : driver_(driver), launch_(std::move(launch)), name_(std::move(name)) {}
  void run() const override {
    if (const auto refusal = launch_->run()) fail(driver_, name_, refusal->message);
  }
  const std::shared_ptr<PreparedLaunch>& launch() const { return launch_; }

 private:
  const cuda::Driver& driver_;
  std::shared_ptr<PreparedLaunch> launch_;
  std::string name_;
};

// Memory of the device, released with it.
class DeviceMemory {
 public:
  DeviceMemory(const cuda::Driver& driver, std::size_t bytes, const char* what) : driver_(driver) {
    if (const cuda::Result result = driver.allocate(&at_, bytes); result != 0)
      throw Error(ErrorKind::unavailable, fmt::format("no {} MiB of GPU memory for {}: {}", (bytes >> 20) + 1, what,
                                                      driver.error_text(result)));
  }
  ~DeviceMemory() { driver_.release(at_); }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  cuda::Pointer at() const { return at_; }

 private:
  const cuda::Driver& driver_;
  cuda::Pointer at_ = 0;
};

class CudaSessionDevice final : public SessionDevice {
 public:
  CudaSessionDevice(const Hardware& hardware, const EmitterRegistry& emitters, Nvrtc nvrtc,
                    std::span<const std::string> folders, int ordinal)
      : hardware_(hardware), emitters_(emitters), nvrtc_(std::move(nvrtc)), driver_(folders),
        runtime_(make_cuda_runtime(folders, ordinal).runtime) {
    cuda::DeviceNumber number = 0;
    cuda::Context context = nullptr;
    check(driver_.device_get(&number, ordinal), "finding the device");
    check(driver_.primary_retain(&context, number), "making a context");
    number_ = number;
    check(driver_.set_current(context), "entering the context");
  }
  ~CudaSessionDevice() override {
    wanted_.clear();
    workspace_.reset();
    mirrors_.clear();
    driver_.primary_release(number_);
  }

  std::size_t want(const Operator& op, const TileProgram& program) override {
    const Emitter* emitter = emitters_.find(program);
    if (emitter == nullptr) throw Error(ErrorKind::internal, op.name + ": no emitter for " + program.text());
    wanted_.push_back({op, emitter->emit(op, program, hardware_), emitter->bind(op, program, hardware_), nullptr});
    return wanted_.size() - 1;
  }
  const Operator& op(std::size_t handle) const override { return wanted_.at(handle).op; }
  void compile_all() override;

  void map(std::span<std::byte> host) override {
    if (host.empty()) return;
    mirrors_.push_back({host, std::make_unique<DeviceMemory>(driver_, host.size(), "the model's values")});
    to_device(host);
  }
  void to_device(std::span<const std::byte> host) override {
    if (!host.empty()) check(driver_.copy_in(mirrored(host.data()), host.data(), host.size()), "copying to the GPU");
  }
  void to_host(std::span<std::byte> host) override {
    if (!host.empty()) check(driver_.copy_out(host.data(), mirrored(host.data()), host.size()), "copying from the GPU");
  }

  std::unique_ptr<KernelCall> bind(std::size_t handle, const std::map<std::string, std::byte*>& tensors) override;
  std::unique_ptr<KernelCall> sequence(std::span<KernelCall* const> calls) override;
  void finish() override { check(driver_.synchronize(), "running the kernels"); }

 private:
  struct Wanted {
    Operator op;
    Kernel kernel;
    Launch launch;
    std::shared_ptr<const BoundKernel> bound;
  };
  struct Mirror {
    std::span<std::byte> host;
    std::unique_ptr<DeviceMemory> device;
  };

  void check(cuda::Result result, const char* doing) const { perftune::check(driver_, result, doing); }
  cuda::Pointer mirrored(const std::byte* host) const {
    for (const Mirror& mirror : mirrors_)
      if (host >= mirror.host.data() && host < mirror.host.data() + mirror.host.size())
        return mirror.device->at() + static_cast<cuda::Pointer>(host - mirror.host.data());
    throw Error(ErrorKind::internal, "memory that no device has");
  }
  // One for all kernels that leave nothing in it for their next launch.
  cuda::Pointer shared_workspace();

  const Hardware& hardware_;
  const EmitterRegistry& emitters_;
  Nvrtc nvrtc_;
  cuda::Driver driver_;
  cuda::DeviceNumber number_ = 0;
  std::shared_ptr<Runtime> runtime_;
  std::vector<Wanted> wanted_;
  std::vector<Mirror> mirrors_;
  std::unique_ptr<DeviceMemory> workspace_;
  std::size_t workspace_bytes_ = 0;
};

void CudaSessionDevice::compile_all() {
  std::map<std::string, std::shared_ptr<void>> code;  // by source
  std::vector<const Kernel*> distinct;
  for (const Wanted& wanted : wanted_) {
    if (code.try_emplace(wanted.kernel.source).second) distinct.push_back(&wanted.kernel);
    if (wanted.launch.workspace_zeroed_bytes == 0)
      workspace_bytes_ = std::max(workspace_bytes_, static_cast<std::size_t>(wanted.launch.workspace_bytes));
  }
  std::vector<std::variant<CompiledKernel, Failure>> results(distinct.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < distinct.size(); i = next++) results[i] = nvrtc_.compile(*distinct[i], hardware_.arch);
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 1; t < std::min(16U, std::thread::hardware_concurrency()); ++t) threads.emplace_back(work);
    work();
  }
  for (std::size_t i = 0; i < distinct.size(); ++i) {
    if (const auto* failure = std::get_if<Failure>(&results[i]))
      throw Error(ErrorKind::no_candidate, "a kernel does not compile: " + failure->detail);
    try {
      code[distinct[i]->source] = runtime_->load(*distinct[i], std::get<CompiledKernel>(results[i]).binary);
    } catch (const StatusError& error) {
      fail(driver_, "a kernel does not load", error.what());
    }
  }
  for (Wanted& wanted : wanted_)
    wanted.bound = std::make_shared<const BoundKernel>(wanted.op, wanted.kernel, wanted.launch, runtime_,
                                                       code.at(wanted.kernel.source));
}

cuda::Pointer CudaSessionDevice::shared_workspace() {
  if (!workspace_) workspace_ = std::make_unique<DeviceMemory>(driver_, workspace_bytes_, "workspace");
  return workspace_->at();
}

std::unique_ptr<KernelCall> CudaSessionDevice::bind(std::size_t handle, const std::map<std::string, std::byte*>& tensors) {
  const Wanted& wanted = wanted_.at(handle);
  std::vector<std::uint64_t> addresses;
  for (const int position : wanted.bound->order())
    addresses.push_back(mirrored(tensors.at(wanted.op.tensors.at(static_cast<std::size_t>(position)).name)));
  LaunchPlace place;
  if (const auto bytes = static_cast<std::size_t>(wanted.launch.workspace_bytes);
      bytes > 0 && wanted.launch.workspace_zeroed_bytes == 0) {
    place.workspace = reinterpret_cast<void*>(shared_workspace());
    place.workspace_bytes = bytes;
  }
  std::optional<Refusal> refusal;
  auto launch = runtime_->prepare(wanted.bound, addresses, place, refusal);
  if (refusal) fail(driver_, wanted.op.name, refusal->message);
  return std::make_unique<CudaCall>(driver_, std::move(launch), wanted.op.name);
}

std::unique_ptr<KernelCall> CudaSessionDevice::sequence(std::span<KernelCall* const> calls) {
  std::vector<std::shared_ptr<PreparedLaunch>> launches;
  for (const KernelCall* call : calls) launches.push_back(static_cast<const CudaCall*>(call)->launch());
  std::optional<Refusal> refusal;
  auto made = runtime_->sequence(std::move(launches), nullptr, refusal);
  constexpr const char* kName = "the model's kernels";
  if (refusal) fail(driver_, kName, refusal->message);
  return std::make_unique<CudaCall>(driver_, std::move(made), kName);
}

}  // namespace

std::unique_ptr<SessionDevice> cuda_session_device(const Hardware& hardware, const EmitterRegistry& emitters, Nvrtc nvrtc,
                                                   std::span<const std::string> driver_folders, int ordinal) {
  return std::make_unique<CudaSessionDevice>(hardware, emitters, std::move(nvrtc), driver_folders, ordinal);
}

}  // namespace perftune
