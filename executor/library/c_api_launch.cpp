// The C API: launches and sequences.
#include "executor/library/c_api.hpp"
#include "executor/perftune.h"

namespace perftune::c_api {
namespace {

perftune_status place_of(const perftune_launch_options* options, LaunchPlace& place) {
  if (options == nullptr) return PERFTUNE_OK;
  if (const auto wrong = check_size(*options, "perftune_launch_options")) return wrong;
  place = {options->stream, options->workspace, options->workspace_bytes};
  return PERFTUNE_OK;
}

std::unique_ptr<PreparedLaunch> prepare(const OpenKernel& kernel, const perftune_tensor* const* tensors,
                                        std::size_t count, const LaunchPlace& place, std::optional<Refusal>& refusal) {
  return kernel.found->kernel->prepare(std::span(tensors, count), place, refusal);
}

perftune_status run(PreparedLaunch& launch) noexcept {
  return guarded([&] {
    const std::optional<Refusal> refusal = launch.run();
    return refusal ? fail(*refusal) : PERFTUNE_OK;
  });
}

}  // namespace
}  // namespace perftune::c_api

using namespace perftune;         // NOLINT: the C functions are outside
using namespace perftune::c_api;  // NOLINT

extern "C" {

perftune_status perftune_run(perftune_kernel* kernel, const perftune_tensor* const* tensors, size_t tensor_count,
                             const perftune_launch_options* options) {
  const PinnedKernel pinned(kernel);
  if (!pinned) return closed("kernel");
  if (tensors == nullptr) return null_argument("tensors");
  return guarded([&] {
    LaunchPlace place;
    if (const auto wrong = place_of(options, place)) return wrong;
    std::optional<Refusal> refusal;
    const auto launch = prepare(*pinned, tensors, tensor_count, place, refusal);
    if (launch) refusal = launch->run();
    return refusal ? fail(*refusal) : PERFTUNE_OK;
  });
}

perftune_status perftune_prepare(perftune_kernel* kernel, const perftune_tensor* const* tensors, size_t tensor_count,
                                 const perftune_launch_options* options, perftune_launch** launch) {
  if (launch == nullptr) return null_argument("launch");
  *launch = nullptr;
  const PinnedKernel pinned(kernel);
  if (!pinned) return closed("kernel");
  if (tensors == nullptr) return null_argument("tensors");
  return guarded([&] {
    LaunchPlace place;
    if (const auto wrong = place_of(options, place)) return wrong;
    std::optional<Refusal> refusal;
    auto object = std::make_unique<OpenLaunch>();
    object->launch = prepare(*pinned, tensors, tensor_count, place, refusal);
    if (refusal) return fail(*refusal);
    object->runtime = pinned->found->kernel->runtime();
    return hand_out(HandleTable::Kind::launch, std::move(object), launch);
  });
}

perftune_status perftune_launch_run(perftune_launch* launch) {
  const PinnedLaunch pinned(launch);
  if (!pinned) return closed("launch");
  return run(*pinned->launch);
}

perftune_status perftune_launch_close(perftune_launch* launch) {
  if (launch == nullptr) return PERFTUNE_OK;
  return guarded([&] { return HandleTable::close(HandleTable::Kind::launch, launch) ? PERFTUNE_OK : closed("launch"); });
}

perftune_status perftune_sequence_make(perftune_launch* const* launches, size_t count, void* stream,
                                       perftune_sequence** sequence) {
  if (sequence == nullptr) return null_argument("sequence");
  *sequence = nullptr;
  if (launches == nullptr) return null_argument("launches");
  if (count == 0) return fail(PERFTUNE_BAD_ARGUMENT, "a sequence has at least one launch");
  return guarded([&] {
    std::vector<std::shared_ptr<PreparedLaunch>> parts;
    std::shared_ptr<Runtime> runtime;
    for (std::size_t i = 0; i < count; ++i) {
      const PinnedLaunch pinned(launches[i]);
      if (!pinned) return closed("launch");
      if (runtime && runtime != pinned->runtime)
        return fail(PERFTUNE_WRONG_DEVICE, "launch " + std::to_string(i) + " is of another store or device");
      runtime = pinned->runtime;
      parts.push_back(pinned->launch);
    }
    std::optional<Refusal> refusal;
    auto object = std::make_unique<OpenSequence>();
    object->launch = runtime->sequence(std::move(parts), stream, refusal);
    if (refusal) return fail(*refusal);
    return hand_out(HandleTable::Kind::sequence, std::move(object), sequence);
  });
}

perftune_status perftune_sequence_run(perftune_sequence* sequence) {
  const PinnedSequence pinned(sequence);
  if (!pinned) return closed("sequence");
  return run(*pinned->launch);
}

perftune_status perftune_sequence_close(perftune_sequence* sequence) {
  if (sequence == nullptr) return PERFTUNE_OK;
  return guarded(
      [&] { return HandleTable::close(HandleTable::Kind::sequence, sequence) ? PERFTUNE_OK : closed("sequence"); });
}

}  // extern "C"
