#include "executor/library/cpu_runtime.hpp"

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "executor/loaded_library.hpp"
#include "executor/thread_pool.hpp"

namespace perftune {
namespace {

using Entry = void (*)(const void* params, const PerftunePool* pool);

struct CpuCode {
  LoadedLibrary library;
  Entry entry;
};

class Team {
 public:
  explicit Team(int threads) : threads_(threads) {
    c_pool_.threads = threads;
    c_pool_.context = this;
    c_pool_.run = [](void* context, int count, ThreadPool::Task task, void* argument) {
      static_cast<Team*>(context)->run(count, task, argument);
    };
  }
  const PerftunePool* c_pool() const { return &c_pool_; }

  // Held over several launches by this thread; may be refused.
  bool take() { return threads_ > 1 && busy_.try_lock(); }
  void give_back() { busy_.unlock(); }
  static thread_local Team* held;  // by this thread, over several launches

 private:
  void run(int count, ThreadPool::Task task, void* argument) {
    if (count > 1 && held == this) return together(count, task, argument);
    if (count > 1 && take()) {
      together(count, task, argument);
      return give_back();
    }
    for (int i = 0; i < count; ++i) task(argument, i);
  }
  void together(int count, ThreadPool::Task task, void* argument) {
    if (!pool_) pool_ = std::make_unique<ThreadPool>(threads_, std::vector<int>{});
    pool_->run(count, task, argument);
  }

  const int threads_;
  PerftunePool c_pool_{};
  std::mutex busy_;
  std::unique_ptr<ThreadPool> pool_;  // made under `busy_`
};

thread_local Team* Team::held = nullptr;

class CpuLaunch final : public PreparedLaunch {
 public:
  CpuLaunch(std::shared_ptr<const BoundKernel> kernel, std::shared_ptr<Team> team)
      : kernel_(std::move(kernel)), team_(std::move(team)),
        entry_(static_cast<const CpuCode*>(kernel_->code().get())->entry), pool_(team_->c_pool()) {}
  ~CpuLaunch() override { std::free(own_workspace_); }
  CpuLaunch(const CpuLaunch&) = delete;
  CpuLaunch& operator=(const CpuLaunch&) = delete;

  std::optional<Refusal> fill(std::span<const std::uint64_t> addresses, const LaunchPlace& place) {
    const Launch& launch = kernel_->launch();
    void* workspace = place.workspace;
    if (workspace == nullptr && launch.workspace_bytes > 0) {
      const auto bytes = (static_cast<std::size_t>(launch.workspace_bytes) + 255) / 256 * 256;
      workspace = own_workspace_ = std::aligned_alloc(256, bytes);
      if (workspace == nullptr) return Refusal{PERFTUNE_NO_MEMORY, "no memory for the workspace"};
    }
    if (launch.workspace_zeroed_bytes > 0)
      std::memset(workspace, 0, static_cast<std::size_t>(launch.workspace_zeroed_bytes));
    std::size_t scalar = 0;
    for (const Argument& argument : kernel_->kernel().arguments) {
      std::uint64_t value = 0;
      if (argument.kind == Argument::Kind::tensor) value = kernel_->locate(argument.tensor, addresses);
      else if (argument.kind == Argument::Kind::workspace) value = reinterpret_cast<std::uintptr_t>(workspace);
      else if (argument.kind == Argument::Kind::scalar && scalar < launch.scalars.size())
        value = static_cast<std::uint64_t>(launch.scalars[scalar++]);
      else return Refusal{PERFTUNE_INTERNAL, "a kernel argument without a value: " + argument.name};
      if (argument.kind == Argument::Kind::tensor && value == 0)
        return Refusal{PERFTUNE_INTERNAL, "a kernel argument that is no tensor: " + argument.name};
      parameters_.push_back(value);
    }
    return std::nullopt;
  }

  std::optional<Refusal> run() override {
    entry_(parameters_.data(), pool_);
    return std::nullopt;
  }
  Team* team() const { return team_.get(); }

 private:
  std::shared_ptr<const BoundKernel> kernel_;
  std::shared_ptr<Team> team_;
  Entry entry_;
  const PerftunePool* pool_;
  std::vector<std::uint64_t> parameters_;
  void* own_workspace_ = nullptr;
};

// One plan: the team is taken once, so its threads stay awake from launch to launch.
class CpuSequence final : public PreparedLaunch {
 public:
  explicit CpuSequence(std::vector<std::shared_ptr<PreparedLaunch>> launches) : launches_(std::move(launches)) {
    team_ = static_cast<CpuLaunch&>(*launches_.front()).team();
  }
  std::optional<Refusal> run() override {
    const bool taken = Team::held == nullptr && team_->take();
    if (taken) Team::held = team_;
    for (const auto& launch : launches_) launch->run();
    if (taken) {
      Team::held = nullptr;
      team_->give_back();
    }
    return std::nullopt;
  }

 private:
  std::vector<std::shared_ptr<PreparedLaunch>> launches_;
  Team* team_;
};

class CpuRuntime final : public Runtime {
 public:
  explicit CpuRuntime(int threads) : team_(std::make_shared<Team>(threads)) {}

  TensorRules rules() const override { return {PERFTUNE_CPU, 0, 1}; }

  std::shared_ptr<void> load(const Kernel& kernel, const std::string& binary) override {
    std::string why_not;
    auto library = LoadedLibrary::load(binary, why_not);
    if (!library) refuse(PERFTUNE_WRONG_ARCHITECTURE, "the stored binary does not load: " + why_not);
    void* const entry = library->entry(kernel.entry, why_not);
    if (entry == nullptr) refuse(PERFTUNE_REFUSED, "the stored binary: " + why_not);
    return std::make_shared<CpuCode>(CpuCode{std::move(*library), reinterpret_cast<Entry>(entry)});
  }

  std::unique_ptr<PreparedLaunch> prepare(std::shared_ptr<const BoundKernel> kernel,
                                          std::span<const std::uint64_t> addresses, const LaunchPlace& place,
                                          std::optional<Refusal>& refusal) override {
    if (place.stream != nullptr) {
      refusal = {PERFTUNE_BAD_ARGUMENT, "the CPU has no streams: stream is NULL"};
      return nullptr;
    }
    auto launch = std::make_unique<CpuLaunch>(std::move(kernel), team_);
    refusal = launch->fill(addresses, place);
    if (refusal) return nullptr;
    return launch;
  }

  std::unique_ptr<PreparedLaunch> sequence(std::vector<std::shared_ptr<PreparedLaunch>> launches, void* stream,
                                           std::optional<Refusal>& refusal) override {
    if (stream == nullptr) return std::make_unique<CpuSequence>(std::move(launches));
    refusal = {PERFTUNE_BAD_ARGUMENT, "the CPU has no streams: stream is NULL"};
    return nullptr;
  }

 private:
  std::shared_ptr<Team> team_;
};

}  // namespace

std::shared_ptr<Runtime> make_cpu_runtime(int threads) {
  return std::make_shared<CpuRuntime>(threads < 1 ? 1 : threads);
}

}  // namespace perftune
