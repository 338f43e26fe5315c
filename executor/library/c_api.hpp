// What the files of the C API share: the objects behind handles, and one way from exceptions to statuses.
#pragma once

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "executor/library/handles.hpp"
#include "executor/library/kernel_library.hpp"

namespace perftune::c_api {

struct OpenStore final : HandleTable::Object {
  std::shared_ptr<KernelLibrary> library;
};
struct OpenKernel final : HandleTable::Object {
  std::shared_ptr<const Found> found;
  std::string tuned_at;
};
struct OpenLaunch final : HandleTable::Object {
  std::shared_ptr<PreparedLaunch> launch;
  std::shared_ptr<Runtime> runtime;
};
struct OpenSequence final : HandleTable::Object {
  std::unique_ptr<PreparedLaunch> launch;
};

using PinnedStore = Pinned<OpenStore, HandleTable::Kind::store>;
using PinnedKernel = Pinned<OpenKernel, HandleTable::Kind::kernel>;
using PinnedLaunch = Pinned<OpenLaunch, HandleTable::Kind::launch>;
using PinnedSequence = Pinned<OpenSequence, HandleTable::Kind::sequence>;

// Keeps the message for perftune_message() and gives the status back.
perftune_status fail(perftune_status status, const std::string& message) noexcept;
inline perftune_status fail(const Refusal& refusal) noexcept { return fail(refusal.status, refusal.message); }
perftune_status closed(const char* what) noexcept;
perftune_status null_argument(const char* what) noexcept;

// Runs `work`, which returns a status; whatever it throws becomes one.
perftune_status failure_of_current_exception() noexcept;
template <class Work>
perftune_status guarded(Work work) noexcept {
  try {
    return work();
  } catch (...) {
    return failure_of_current_exception();
  }
}

// `T::struct_size` of the caller's: at least up to the field that every version had, no more than ours.
template <class T>
perftune_status check_size(const T& value, const char* what) noexcept {
  if (value.struct_size == sizeof(T)) return PERFTUNE_OK;
  return fail(PERFTUNE_BAD_ARGUMENT, std::string(what) + ": struct_size is not sizeof of it: set it, and build against this version's header");
}

template <class T>
perftune_status hand_out(HandleTable::Kind kind, std::unique_ptr<HandleTable::Object> object, T** handle) {
  *handle = static_cast<T*>(HandleTable::insert(kind, std::move(object)));
  return *handle != nullptr ? PERFTUNE_OK : fail(PERFTUNE_NO_MEMORY, "too many open handles");
}

}  // namespace perftune::c_api
