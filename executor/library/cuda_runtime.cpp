#include "executor/library/cuda_runtime.hpp"

#include <mutex>
#include <utility>

#include "executor/cuda_driver.hpp"
#include "executor/cuda_launch.hpp"
#include "executor/cuda_tensor_map.hpp"
#include "executor/loaded_library.hpp"
#include "executor/parameter_block.hpp"
#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr std::int64_t kDefaultSharedBytes = 48 << 10;  // more needs the opt-in attribute
constexpr int kOutOfMemory = 2, kInvalidImage = 200, kNoBinary = 209, kUnsupportedPtx = 222;
constexpr int kThreadLocalCapture = 1;  // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL

class Session {
 public:
  Session(std::span<const std::string> folders, int ordinal) : driver_(folders) {
    if (driver_.device_get(&number_, ordinal) != 0)
      throw Error(ErrorKind::unavailable, words("there is no CUDA device {}", ordinal));
    const cuda::Result result = driver_.primary_retain(&context_, number_);
    if (result != 0) throw Error(ErrorKind::unavailable, "making a context failed: " + driver_.error_text(result));
  }
  ~Session() {
    enter();
    for (const Workspace& workspace : workspaces_) driver_.release(workspace.at);
    driver_.primary_release(number_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const cuda::Driver& driver() const { return driver_; }
  void enter() const { driver_.set_current(context_); }

  std::optional<Refusal> refusal(cuda::Result result, const char* doing) const {
    if (result == 0) return std::nullopt;
    return Refusal{result == kOutOfMemory ? PERFTUNE_NO_MEMORY : PERFTUNE_LAUNCH_FAILED,
                   words("{}: {}", doing, driver_.error_text(result))};
  }

  // Of at least `bytes`, for launches in `stream` only, until given back.
  cuda::Pointer take_workspace(std::size_t bytes, void* stream, cuda::Result& result) {
    const std::lock_guard lock(mutex_);
    for (Workspace& workspace : workspaces_)
      if (!workspace.taken && workspace.stream == stream && workspace.bytes >= bytes) {
        workspace.taken = true;
        return workspace.at;
      }
    cuda::Pointer at = 0;
    result = driver_.allocate(&at, bytes);
    if (result == 0) workspaces_.push_back({at, bytes, stream, true});
    return result == 0 ? at : 0;
  }
  void give_back(cuda::Pointer at) {
    const std::lock_guard lock(mutex_);
    for (Workspace& workspace : workspaces_)
      if (workspace.at == at) workspace.taken = false;
  }

 private:
  struct Workspace {
    cuda::Pointer at;
    std::size_t bytes;
    void* stream;
    bool taken;
  };
  cuda::Driver driver_;
  cuda::DeviceNumber number_ = 0;
  cuda::Context context_ = nullptr;
  std::mutex mutex_;
  std::vector<Workspace> workspaces_;
};

struct CudaCode {
  std::shared_ptr<Session> session;
  cuda::Module module = nullptr;
  cuda::Function function = nullptr;
  std::optional<LoadedLibrary> host;  // instead of a module: it calls a vendor's library
  cuda::HostCall host_call = nullptr;
  ~CudaCode() {
    session->enter();
    if (module != nullptr) session->driver().module_unload(module);
  }
};

class CudaLaunch final : public PreparedLaunch {
 public:
  CudaLaunch(std::shared_ptr<const BoundKernel> kernel, std::shared_ptr<Session> session, const LaunchPlace& place)
      : kernel_(std::move(kernel)), session_(std::move(session)), stream_(static_cast<cuda::Stream>(place.stream)) {}
  ~CudaLaunch() override {
    if (own_workspace_ != 0) session_->give_back(own_workspace_);
  }
  CudaLaunch(const CudaLaunch&) = delete;
  CudaLaunch& operator=(const CudaLaunch&) = delete;

  std::optional<Refusal> fill(std::span<const std::uint64_t> addresses, const LaunchPlace& place) {
    const cuda::Driver& driver = session_->driver();
    const Launch& launch = kernel_->launch();
    session_->enter();
    if (launch.dynamic_shared_bytes > kDefaultSharedBytes)
      if (auto wrong = session_->refusal(driver.function_attribute(code().function, cuda::kMaxDynamicSharedBytes,
                                                                   static_cast<int>(launch.dynamic_shared_bytes)),
                                         "opting in to its shared memory"))
        return wrong;
    auto workspace = reinterpret_cast<cuda::Pointer>(place.workspace);
    if (workspace == 0 && launch.workspace_bytes > 0) {
      cuda::Result result = 0;
      workspace = own_workspace_ =
          session_->take_workspace(static_cast<std::size_t>(launch.workspace_bytes), place.stream, result);
      if (auto wrong = session_->refusal(result, "allocating its workspace")) return wrong;
    }
    if (auto wrong = zero(workspace, static_cast<std::size_t>(launch.workspace_zeroed_bytes))) return wrong;
    const auto locate = [&](int position) { return kernel_->locate(position, addresses); };
    const auto encode = [&](const TensorMap& map, std::uint64_t address, ParameterBlock::MapWords& into) {
      return encode_tensor(driver, map, address, into);
    };
    if (auto wrong = parameters_.fill(kernel_->kernel(), launch, workspace, locate, encode))
      return Refusal{PERFTUNE_LAUNCH_FAILED, *std::move(wrong)};
    return std::nullopt;
  }

  std::optional<Refusal> run() override { return enqueue(stream_); }

  std::optional<Refusal> enqueue(cuda::Stream stream) {
    const cuda::Driver& driver = session_->driver();
    const Launch& launch = kernel_->launch();
    session_->enter();
    if (const cuda::HostCall call = code().host_call) {
      const int status = call(parameters_.data(), stream);
      if (status == 0) return std::nullopt;
      return Refusal{PERFTUNE_LAUNCH_FAILED, "the library refuses: status " + std::to_string(status)};
    }
    if (const char* missing = cuda::cannot_launch(driver, launch))
      return Refusal{PERFTUNE_LAUNCH_FAILED, missing};
    return session_->refusal(cuda::launch(driver, code().function, launch, stream, parameters_.data()),
                             "launching");
  }

 private:
  const CudaCode& code() const { return *static_cast<const CudaCode*>(kernel_->code().get()); }

  std::optional<Refusal> zero(cuda::Pointer at, std::size_t bytes) const {
    if (bytes == 0) return std::nullopt;
    const cuda::Driver& driver = session_->driver();
    if (driver.fill_in_stream != nullptr)
      return session_->refusal(driver.fill_in_stream(at, 0, bytes, stream_), "zeroing its workspace");
    cuda::Result result = driver.fill(at, 0, bytes);
    if (result == 0) result = driver.synchronize();
    return session_->refusal(result, "zeroing its workspace");
  }

  std::shared_ptr<const BoundKernel> kernel_;
  std::shared_ptr<Session> session_;
  cuda::Stream stream_;
  ParameterBlock parameters_;
  cuda::Pointer own_workspace_ = 0;
};

class CudaSequence final : public PreparedLaunch {
 public:
  CudaSequence(std::vector<std::shared_ptr<PreparedLaunch>> launches, std::shared_ptr<Session> session, void* stream)
      : launches_(std::move(launches)), session_(std::move(session)), stream_(static_cast<cuda::Stream>(stream)) {}
  ~CudaSequence() override {
    if (graph_run_ == nullptr) return;
    session_->enter();
    session_->driver().graph_run_destroy(graph_run_);
  }
  CudaSequence(const CudaSequence&) = delete;
  CudaSequence& operator=(const CudaSequence&) = delete;

  // Into a stream of its own: the caller's may be the default one, which cannot be captured.
  std::optional<Refusal> capture() {
    const cuda::Driver& driver = session_->driver();
    if (!driver.has_graphs()) return std::nullopt;
    session_->enter();
    cuda::Stream stream = nullptr;
    if (auto wrong = session_->refusal(driver.stream_create(&stream, 1), "making a stream")) return wrong;
    std::optional<Refusal> wrong = session_->refusal(driver.capture_begin(stream, kThreadLocalCapture), "capturing");
    if (!wrong) {
      cuda::Graph graph = nullptr;
      wrong = enqueue(stream);
      const cuda::Result ended = driver.capture_end(stream, &graph);
      if (!wrong) wrong = session_->refusal(ended, "capturing");
      if (!wrong) wrong = session_->refusal(driver.graph_instantiate(&graph_run_, graph, 0), "making a graph");
      if (graph != nullptr) driver.graph_destroy(graph);
    }
    driver.stream_destroy(stream);
    return wrong;
  }

  std::optional<Refusal> run() override {
    if (graph_run_ == nullptr) return enqueue(stream_);
    session_->enter();
    return session_->refusal(session_->driver().graph_launch(graph_run_, stream_), "launching a graph");
  }

 private:
  std::optional<Refusal> enqueue(cuda::Stream stream) {
    for (const auto& launch : launches_)
      if (auto wrong = static_cast<CudaLaunch&>(*launch).enqueue(stream)) return wrong;
    return std::nullopt;
  }

  std::vector<std::shared_ptr<PreparedLaunch>> launches_;
  std::shared_ptr<Session> session_;
  cuda::Stream stream_;
  cuda::GraphRun graph_run_ = nullptr;
};

class CudaLibraryRuntime final : public Runtime {
 public:
  CudaLibraryRuntime(std::shared_ptr<Session> session, int ordinal) : session_(std::move(session)), ordinal_(ordinal) {}

  // Vectors of 16 bytes are the widest loads, and what TMA asks of a tensor's base.
  TensorRules rules() const override { return {PERFTUNE_CUDA, ordinal_, 16}; }

  std::shared_ptr<void> load(const Kernel& kernel, const std::string& binary) override {
    auto code = std::make_shared<CudaCode>();
    code->session = session_;
    session_->enter();
    if (kernel.language == Kernel::Language::cpp) {
      std::string why_not;
      code->host = LoadedLibrary::load(binary, why_not);
      void* const call = code->host ? code->host->entry(kernel.entry, why_not) : nullptr;
      if (call == nullptr) refuse(PERFTUNE_REFUSED, "the stored binary: " + why_not);
      code->host_call = reinterpret_cast<cuda::HostCall>(call);
      return code;
    }
    const cuda::Driver& driver = session_->driver();
    const cuda::Result loaded = driver.module_load(&code->module, binary.c_str());
    if (loaded != 0) {
      code->module = nullptr;
      const bool other = loaded == kInvalidImage || loaded == kNoBinary || loaded == kUnsupportedPtx;
      refuse(other ? PERFTUNE_WRONG_ARCHITECTURE : PERFTUNE_LAUNCH_FAILED,
             "the stored binary does not load on this device: " + driver.error_text(loaded));
    }
    if (driver.module_function(&code->function, code->module, kernel.entry.c_str()) != 0)
      refuse(PERFTUNE_REFUSED, "the stored binary has no entry point '" + kernel.entry + "'");
    return code;
  }

  std::unique_ptr<PreparedLaunch> prepare(std::shared_ptr<const BoundKernel> kernel,
                                          std::span<const std::uint64_t> addresses, const LaunchPlace& place,
                                          std::optional<Refusal>& refusal) override {
    auto launch = std::make_unique<CudaLaunch>(std::move(kernel), session_, place);
    refusal = launch->fill(addresses, place);
    if (refusal) return nullptr;
    return launch;
  }

  std::unique_ptr<PreparedLaunch> sequence(std::vector<std::shared_ptr<PreparedLaunch>> launches, void* stream,
                                           std::optional<Refusal>& refusal) override {
    auto made = std::make_unique<CudaSequence>(std::move(launches), session_, stream);
    refusal = made->capture();
    if (refusal) return nullptr;
    return made;
  }

 private:
  std::shared_ptr<Session> session_;
  int ordinal_;
};

}  // namespace

CudaRuntime make_cuda_runtime(std::span<const std::string> driver_folders, int ordinal) {
  auto session = std::make_shared<Session>(driver_folders, ordinal);
  CudaRuntime made;
  for (PresentGpu& gpu : present_gpus(session->driver()))
    if (gpu.ordinal == ordinal) made.gpu = std::move(gpu);
  made.runtime = std::make_shared<CudaLibraryRuntime>(std::move(session), ordinal);
  return made;
}

}  // namespace perftune
