#include "executor/cpu_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "executor/poison.hpp"
#include "recipes/error.hpp"

namespace perftune {

std::optional<std::string> PreparedKernel::workspace_violation() const {
  if (!workspace_.intact()) return "write outside the workspace";
  const auto zeroed = workspace_.bytes().first(workspace_zeroed_);
  if (!std::ranges::all_of(zeroed, [](std::byte b) { return b == std::byte{0}; })) {
    return "workspace not left zero for the next launch";
  }
  return std::nullopt;
}

CpuDevice::CpuDevice(Hardware hardware, int threads, bool pin)
    : hardware_(std::move(hardware)),
      pool_(threads, pin ? processors_by_core() : std::vector<int>{}) {}

void CpuDevice::load(const Operator& op, std::span<const std::span<const std::byte>> inputs) {
  const std::vector<int> positions = op.inputs();
  if (positions.size() != inputs.size()) {
    throw Error(ErrorKind::internal, fmt::format("{} inputs given, {} taken by {}", inputs.size(),
                                                 positions.size(), op.name));
  }
  buffers_.clear();
  buffers_.resize(op.tensors.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto slot = static_cast<std::size_t>(positions[i]);
    const auto bytes = static_cast<std::size_t>(op.tensors[slot].bytes());
    if (inputs[i].size() != bytes) {
      throw Error(ErrorKind::internal, fmt::format("input {} has {} bytes instead of {}",
                                                   op.tensors[slot].name, inputs[i].size(), bytes));
    }
    buffers_[slot] = GuardedBuffer(bytes);
    std::ranges::copy(inputs[i], buffers_[slot].data());
  }
  for (int output : op.outputs()) {
    const auto slot = static_cast<std::size_t>(output);
    buffers_[slot] = GuardedBuffer(static_cast<std::size_t>(op.tensors[slot].bytes()));
  }
  op_ = op;
  poison_outputs();
}

void CpuDevice::poison_outputs() {
  for (int slot : op_.outputs()) {
    std::ranges::fill(tensor(slot), poison(op_.tensors[static_cast<std::size_t>(slot)].type));
  }
}

std::optional<PreparedKernel> CpuDevice::prepare(const CompiledKernel& kernel, const Launch& launch,
                                                 Failure& failure) {
  failure = Failure{OutcomeKind::launch_failed, {}};
  std::optional<LoadedLibrary> library = LoadedLibrary::load(kernel.binary, failure.detail);
  if (!library) return std::nullopt;
  void* const entry = library->entry(kernel.kernel.entry, failure.detail);
  if (entry == nullptr) return std::nullopt;
  PreparedKernel prepared(std::move(*library), reinterpret_cast<PreparedKernel::Entry>(entry),
                          pool_.c_pool());
  if (launch.workspace_bytes > 0) {
    // Fresh pages are zero: the prefix is what it has to be, and the rest is what it may be.
    try {
      prepared.workspace_ = GuardedBuffer(static_cast<std::size_t>(launch.workspace_bytes));
    } catch (const Error& error) {  // this kernel's, not the machine's: others need less
      failure.detail = fmt::format("its workspace: {}", error.what());
      return std::nullopt;
    }
    prepared.workspace_zeroed_ = static_cast<std::size_t>(launch.workspace_zeroed_bytes);
    std::ranges::fill(prepared.workspace_.bytes().subspan(prepared.workspace_zeroed_),
                      std::byte{0xFF});
  }
  std::size_t next_scalar = 0;
  for (const Argument& argument : kernel.kernel.arguments) {
    std::uint64_t value = 0;
    switch (argument.kind) {
      case Argument::Kind::tensor: {
        const auto slot = static_cast<std::size_t>(argument.tensor);
        if (slot >= buffers_.size() || buffers_[slot].data() == nullptr) {
          failure.detail = fmt::format("kernel argument '{}' is no loaded tensor", argument.name);
          return std::nullopt;
        }
        value = reinterpret_cast<std::uintptr_t>(buffers_[slot].data());
        break;
      }
      case Argument::Kind::workspace:
        value = reinterpret_cast<std::uintptr_t>(prepared.workspace_.data());
        break;
      case Argument::Kind::scalar:
        if (next_scalar >= launch.scalars.size()) {
          failure.detail = fmt::format("no value for kernel argument '{}'", argument.name);
          return std::nullopt;
        }
        value = static_cast<std::uint64_t>(launch.scalars[next_scalar++]);
        break;
      case Argument::Kind::tensor_map:
        failure.detail = fmt::format("kernel argument '{}' is a tensor map", argument.name);
        return std::nullopt;
    }
    prepared.parameters_.push_back(value);
  }
  return prepared;
}

std::optional<Failure> CpuDevice::launch(const CompiledKernel& kernel, const Launch& launch) {
  Failure failure;
  const std::optional<PreparedKernel> prepared = prepare(kernel, launch, failure);
  if (!prepared) return failure;
  poison_outputs();
  prepared->call();
  if (std::optional<std::string> wrong = prepared->workspace_violation()) {
    return Failure{OutcomeKind::wrong_result, std::move(*wrong)};
  }
  return std::nullopt;
}

void CpuDevice::read(int slot, std::span<std::byte> into) {
  const std::span<const std::byte> from = tensor(slot);
  if (from.size() != into.size()) {
    throw Error(ErrorKind::internal, fmt::format("tensor {} has {} bytes, {} asked for", slot,
                                                 from.size(), into.size()));
  }
  std::ranges::copy(from, into.begin());
}

std::optional<std::string> CpuDevice::guard_violation() const {
  for (std::size_t slot = 0; slot < buffers_.size(); ++slot) {
    if (!buffers_[slot].intact()) {
      return fmt::format("write outside tensor {}", op_.tensors[slot].name);
    }
  }
  return std::nullopt;
}

}  // namespace perftune
