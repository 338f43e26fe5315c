#include "executor/emulated_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "executor/emulation/encoded_tensor.hpp"
#include "executor/emulation/grid_run.hpp"
#include "executor/parameter_block.hpp"
#include "executor/loaded_library.hpp"

namespace perftune {

struct EmulatedDevice::State {
  emulation::Fibers fibers;
};

std::optional<CompiledKernel> compile_for_emulation(const Kernel& kernel,
                                                    const HostCompiler& compiler, double deadline_s,
                                                    Failure& failure,
                                                    std::span<const DeviceHeader> headers) {
  // -O1 is where compiling and running cost least together; unwind tables carry a Defect through
  // the kernel's frames; a conversion or an unused variable is no business of this compiler.
  static const std::vector<std::string> flags {
    "-std=c++20", "-O1", "-w", "-fexceptions", "-fvisibility=hidden", "-ffp-contract=off",
        "-fno-math-errno",
#if defined(__x86_64__)
        "-march=native",  // fused multiply-add as an instruction: the result is the same
#endif
  };
  const HostCompileResult result = compiler.compile(kernel.source, headers, flags, deadline_s);
  if (!result.ok) {
    failure = {result.timed_out ? OutcomeKind::timed_out : OutcomeKind::compile_failed, result.log};
    return std::nullopt;
  }
  return CompiledKernel{kernel, result.binary, {}};
}

EmulatedDevice::EmulatedDevice(Hardware hardware)
    : hardware_(std::move(hardware)), state_(std::make_unique<State>()) {}

EmulatedDevice::~EmulatedDevice() = default;

void EmulatedDevice::load(const Operator& op, std::span<const std::span<const std::byte>> inputs) {
  const std::vector<int> positions = op.inputs();
  if (positions.size() != inputs.size())
    throw Error(ErrorKind::internal, fmt::format("{} inputs given, {} taken by {}", inputs.size(),
                                                 positions.size(), op.name));
  buffers_.clear();
  buffers_.resize(op.tensors.size());
  for (std::size_t slot = 0; slot < op.tensors.size(); ++slot)
    if (op.tensors[slot].role != Tensor::Role::intermediate)
      buffers_[slot] = GuardedBuffer(static_cast<std::size_t>(op.tensors[slot].bytes()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::span<std::byte> to = tensor(positions[i]);
    if (inputs[i].size() != to.size())
      throw Error(ErrorKind::internal, fmt::format("input {} of {} has {} bytes instead of {}", i,
                                                   op.name, inputs[i].size(), to.size()));
    std::ranges::copy(inputs[i], to.begin());
  }
  op_ = op;
}

std::optional<Failure> EmulatedDevice::refuse(const CompiledKernel& kernel,
                                              const Launch& launch) const {
  const auto no = [](std::string why) {
    return Failure{OutcomeKind::launch_failed, std::move(why)};
  };
  const int threads = launch.block[0];
  if (launch.block[1] != 1 || launch.block[2] != 1 || threads <= 0 || threads % 32 != 0)
    return no("blocks are one-dimensional and of whole warps");
  const int bound = kernel.kernel.threads_per_block > 0 ? kernel.kernel.threads_per_block
                                                        : hardware_.sm.max_threads_per_block;
  if (threads > bound) return no(fmt::format("{} threads per block, at most {}", threads, bound));
  if (launch.dynamic_shared_bytes > hardware_.sm.shared_bytes_optin)
    return no(fmt::format("{} bytes of shared memory, at most {} on {}",
                          launch.dynamic_shared_bytes, hardware_.sm.shared_bytes_optin,
                          hardware_.name));
  for (std::size_t d = 0; d < 3; ++d) {
    // CUDA C++ Programming Guide, "Compute Capabilities": 2^31-1 in x, 65535 in y and z
    const std::int64_t most = d == 0 ? 0x7fffffff : 65535;
    if (launch.grid[d] < 1 || launch.grid[d] > most)
      return no(fmt::format("grid extent {} of dimension {}, at most {}", launch.grid[d], d, most));
    if (launch.cluster[d] < 1 || launch.grid[d] % launch.cluster[d] != 0)
      return no(fmt::format("grid extent {} is no multiple of the cluster's {}", launch.grid[d],
                            launch.cluster[d]));
  }
  if (launch.cluster[0] * launch.cluster[1] * launch.cluster[2] * threads > 4096)
    return no("clusters of more than 4096 threads are not emulated");
  return std::nullopt;
}

std::optional<Failure> EmulatedDevice::launch(const CompiledKernel& kernel, const Launch& launch) {
  if (auto refused = refuse(kernel, launch)) return refused;
  Failure failure;  // OutcomeKind::launch_failed
  const auto library = LoadedLibrary::load(kernel.binary, failure.detail);
  if (!library) return failure;
  using GetAttachment = emulation::Attachment* (*)();
  const auto attachment = reinterpret_cast<GetAttachment>(library->symbol("perftune_attachment"));
  const auto entry = reinterpret_cast<emulation::GridRun::Entry>(
      library->symbol("perftune_run_" + kernel.kernel.entry));
  if (attachment == nullptr || entry == nullptr) {
    failure.detail = fmt::format("no entry point '{}' for the emulator", kernel.kernel.entry);
    return failure;
  }

  constexpr std::byte poison{0xff};  // a NaN in every floating type
  const auto workspace_bytes = static_cast<std::size_t>(launch.workspace_bytes);
  const auto zeroed = static_cast<std::size_t>(launch.workspace_zeroed_bytes);
  GuardedBuffer workspace(workspace_bytes);
  std::ranges::fill(workspace.bytes().first(zeroed), std::byte{0});
  std::ranges::fill(workspace.bytes().subspan(zeroed), poison);

  emulation::GlobalMemory memory;
  using Kind = emulation::GlobalBuffer::Kind;
  for (std::size_t slot = 0; slot < buffers_.size(); ++slot) {
    const Tensor& tensor = op_.tensors[slot];
    if (tensor.role == Tensor::Role::intermediate) continue;
    const bool output = tensor.role == Tensor::Role::output;
    if (output) std::ranges::fill(buffers_[slot].bytes(), poison);
    memory.add({tensor.name, output ? Kind::output : Kind::input, buffers_[slot].data(),
                buffers_[slot].size(), 0});
  }
  memory.add({"the workspace", Kind::workspace, workspace.data(), workspace_bytes, zeroed});

  ParameterBlock parameters;
  const auto locate = [this](int position) -> std::uint64_t {
    const auto slot = static_cast<std::size_t>(position);
    return slot < buffers_.size() ? reinterpret_cast<std::uintptr_t>(buffers_[slot].data()) : 0;
  };
  if (auto wrong =
          parameters.fill(kernel.kernel, launch, reinterpret_cast<std::uintptr_t>(workspace.data()),
                          locate, emulation::encode_tensor)) {
    failure.detail = std::move(*wrong);
    return failure;
  }
  emulation::RunOptions options;
  options.max_steps = max_steps_;
  options.conflicts = conflicts_;
  emulation::GridRun run(memory, state_->fibers, options);
  if (auto defect = run.run(*attachment(), entry, parameters.data(), launch))
    return Failure{defect->kind, std::move(defect->text)};
  const auto left = workspace.bytes().first(zeroed);
  const auto dirty = std::ranges::find_if(left, [](std::byte b) { return b != std::byte{0}; });
  if (dirty != left.end())
    return Failure{OutcomeKind::wrong_result,
                   fmt::format("byte {} of the workspace is not zero again for the next launch",
                               dirty - left.begin())};
  if (!workspace.intact())
    return Failure{OutcomeKind::crashed, "a write around the checks outside the workspace"};
  return std::nullopt;
}

std::span<std::byte> EmulatedDevice::tensor(int slot) {
  return buffers_.at(static_cast<std::size_t>(slot)).bytes();
}

void EmulatedDevice::read(int slot, std::span<std::byte> into) {
  const std::span<const std::byte> from = tensor(slot);
  if (from.size() != into.size())
    throw Error(ErrorKind::internal, fmt::format("tensor {} has {} bytes, {} asked for", slot,
                                                 from.size(), into.size()));
  std::ranges::copy(from, into.begin());
}

std::optional<std::string> EmulatedDevice::guard_violation() const {
  for (std::size_t slot = 0; slot < buffers_.size(); ++slot)
    if (!buffers_[slot].intact())
      return fmt::format("write outside tensor {}", op_.tensors[slot].name);
  return std::nullopt;
}

}  // namespace perftune
