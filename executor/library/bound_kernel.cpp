#include "executor/library/bound_kernel.hpp"

#include <utility>

#include "recipes/words.hpp"

namespace perftune {

BoundKernel::BoundKernel(Operator op, Kernel kernel, Launch launch, std::shared_ptr<Runtime> runtime,
                         std::shared_ptr<void> code)
    : op_(std::move(op)),
      kernel_(std::move(kernel)),
      launch_(std::move(launch)),
      runtime_(std::move(runtime)),
      code_(std::move(code)),
      order_(argument_order(op_)) {}

std::unique_ptr<PreparedLaunch> BoundKernel::prepare(std::span<const TensorArgument> tensors,
                                                     const LaunchPlace& place,
                                                     std::optional<Refusal>& refusal) const {
  std::vector<std::uint64_t> addresses;
  refusal = check_tensors(op_, order_, tensors, runtime_->rules(), addresses);
  if (refusal) return nullptr;
  if (place.workspace != nullptr) {
    if (place.workspace_bytes < static_cast<std::uint64_t>(launch_.workspace_bytes)) {
      refusal = {PERFTUNE_BAD_ARGUMENT, words("a workspace of {} bytes given, {} needed", place.workspace_bytes, launch_.workspace_bytes)};
      return nullptr;
    }
    if (reinterpret_cast<std::uintptr_t>(place.workspace) % 256 != 0) {
      refusal = {PERFTUNE_MISALIGNED, "the workspace's address is no multiple of 256 bytes"};
      return nullptr;
    }
  }
  return runtime_->prepare(shared_from_this(), addresses, place, refusal);
}

std::uint64_t BoundKernel::locate(int position, std::span<const std::uint64_t> addresses) const {
  for (std::size_t i = 0; i < order_.size(); ++i)
    if (order_[i] == position) return addresses[i];
  return 0;
}

}  // namespace perftune
