// The C API: stores, lookup, descriptions, messages.
#include "executor/library/c_api.hpp"

#include <exception>

#include "executor/library/tensor_check.hpp"
#include "executor/perftune.h"
#include "recipes/error.hpp"

namespace perftune::c_api {
namespace {

thread_local std::string last_message;

}  // namespace

perftune_status fail(perftune_status status, const std::string& message) noexcept {
  try {
    last_message = message;
  } catch (...) {
    last_message.clear();
  }
  return status;
}

perftune_status closed(const char* what) noexcept {
  return fail(PERFTUNE_CLOSED, std::string(what) + ": the handle was closed, or never was one");
}

perftune_status null_argument(const char* what) noexcept {
  return fail(PERFTUNE_BAD_ARGUMENT, std::string(what) + " is NULL");
}

perftune_status failure_of_current_exception() noexcept {
  try {
    throw;
  } catch (const StatusError& error) {
    return fail(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(PERFTUNE_NO_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return fail(PERFTUNE_INTERNAL, error.what());
  } catch (...) {
    return fail(PERFTUNE_INTERNAL, "an unknown exception");
  }
}

namespace {

perftune_status open(const char* path, const perftune_open_options* given, perftune_store** store) {
  LibraryOptions options;
  if (given != nullptr) {
    if (const auto wrong = check_size(*given, "perftune_open_options")) return wrong;
    if (given->device != 0) options.device = given->device;
    if (options.device != PERFTUNE_CPU && options.device != PERFTUNE_CUDA)
      return fail(PERFTUNE_BAD_ARGUMENT, "device: PERFTUNE_CPU or PERFTUNE_CUDA is expected");
    if (given->threads < 0 || given->threads > 1024 || given->ordinal < 0)
      return fail(PERFTUNE_BAD_ARGUMENT, "threads are 0 to 1024, an ordinal is not negative");
    if (given->trust < PERFTUNE_TRUST_OWN || given->trust > PERFTUNE_TRUST_NONE)
      return fail(PERFTUNE_BAD_ARGUMENT, "trust: unknown value");
    options.threads = given->threads;
    options.ordinal = given->ordinal;
    options.trust = given->trust;
    if (given->driver_folder != nullptr) options.driver_folders.emplace_back(given->driver_folder);
    if (given->nvrtc_folder != nullptr) options.nvrtc_folders.emplace_back(given->nvrtc_folder);
  }
  auto object = std::make_unique<OpenStore>();
  object->library = std::make_shared<KernelLibrary>(path, std::move(options));
  return hand_out(HandleTable::Kind::store, std::move(object), store);
}

std::shared_ptr<const Found> find(KernelLibrary& library, const perftune_query& query) {
  if (query.policy != PERFTUNE_ANY && query.policy != PERFTUNE_EXACT_ONLY)
    refuse(PERFTUNE_BAD_ARGUMENT, "policy: PERFTUNE_ANY or PERFTUNE_EXACT_ONLY is expected");
  if (query.signature != nullptr && query.name != nullptr)
    refuse(PERFTUNE_BAD_ARGUMENT, "a name or a signature is expected, not both");
  if (query.signature != nullptr) return library.find_signature(query.signature, query.policy);
  if (query.name == nullptr) refuse(PERFTUNE_BAD_ARGUMENT, "neither name nor signature is given");
  if ((query.dims == nullptr && query.dim_count > 0) || (query.tensors == nullptr && query.tensor_count > 0))
    refuse(PERFTUNE_BAD_ARGUMENT, "a count without its array");
  Dims dims;
  for (std::size_t i = 0; i < query.dim_count; ++i) {
    if (query.dims[i].name == nullptr) refuse(PERFTUNE_BAD_ARGUMENT, "a dimension without a name");
    if (!dims.emplace(query.dims[i].name, query.dims[i].extent).second)
      refuse(PERFTUNE_BAD_ARGUMENT, std::string("the dimension '") + query.dims[i].name + "' is given twice");
  }
  const std::string dtype = query.dtype == nullptr ? "" : query.dtype;
  if (query.tensor_count == 0) return library.find(query.name, dims, dtype, query.policy);
  return library.find(query.name, std::span(query.tensors, query.tensor_count), std::move(dims), dtype, query.policy);
}

void describe(const OpenKernel& kernel, perftune_kernel_info& info) {
  const Found& found = *kernel.found;
  const Operator& op = found.kernel->op();
  info.hit = found.hit;
  info.measured = found.measured ? 1 : 0;
  info.stored_us = found.stored_us;
  info.estimated_us = found.estimated_us;
  info.operator_name = op.name.c_str();
  info.signature = found.signature.c_str();
  info.program = found.program.c_str();
  info.kernel = found.kernel_id.c_str();
  info.tuned_on = found.tuned_on.c_str();
  info.tuned_at = kernel.tuned_at.c_str();
  info.input_count = op.inputs().size();
  info.output_count = op.outputs().size();
  info.workspace_bytes = static_cast<std::uint64_t>(found.kernel->launch().workspace_bytes);
  info.note = found.note.c_str();
}

}  // namespace
}  // namespace perftune::c_api

using namespace perftune;         // NOLINT: the C functions are outside
using namespace perftune::c_api;  // NOLINT

extern "C" {

int perftune_api_version(void) { return PERFTUNE_API_VERSION; }
const char* perftune_version(void) { return PERFTUNE_VERSION; }
const char* perftune_message(void) { return last_message.c_str(); }

const char* perftune_status_name(perftune_status status) {
  static constexpr const char* kNames[] = {
      "PERFTUNE_OK", "PERFTUNE_BAD_ARGUMENT", "PERFTUNE_CLOSED", "PERFTUNE_BAD_STORE", "PERFTUNE_STORE_CHANGED",
      "PERFTUNE_NO_DEVICE", "PERFTUNE_NO_KERNEL", "PERFTUNE_MISS", "PERFTUNE_STALE", "PERFTUNE_REFUSED",
      "PERFTUNE_WRONG_ARCHITECTURE", "PERFTUNE_BAD_SHAPE", "PERFTUNE_WRONG_DEVICE", "PERFTUNE_MISALIGNED",
      "PERFTUNE_OVERLAP", "PERFTUNE_LAUNCH_FAILED", "PERFTUNE_NO_MEMORY", "PERFTUNE_INTERNAL"};
  const auto number = static_cast<std::size_t>(status);
  return number < std::size(kNames) ? kNames[number] : "an unknown status";
}

perftune_status perftune_store_open(const char* path, const perftune_open_options* options, perftune_store** store) {
  if (store == nullptr) return null_argument("store");
  *store = nullptr;
  if (path == nullptr) return null_argument("path");
  return guarded([&] { return open(path, options, store); });
}

perftune_status perftune_store_close(perftune_store* store) {
  if (store == nullptr) return PERFTUNE_OK;
  return guarded([&] { return HandleTable::close(HandleTable::Kind::store, store) ? PERFTUNE_OK : closed("store"); });
}

perftune_status perftune_find(perftune_store* store, const perftune_query* query, perftune_kernel** kernel) {
  if (kernel == nullptr) return null_argument("kernel");
  *kernel = nullptr;
  if (query == nullptr) return null_argument("query");
  const PinnedStore pinned(store);
  if (!pinned) return closed("store");
  if (const auto wrong = check_size(*query, "perftune_query")) return wrong;
  return guarded([&] {
    auto object = std::make_unique<OpenKernel>();
    object->found = find(*pinned->library, *query);
    object->tuned_at = dims_words(object->found->tuned_at);
    return hand_out(HandleTable::Kind::kernel, std::move(object), kernel);
  });
}

perftune_status perftune_kernel_close(perftune_kernel* kernel) {
  if (kernel == nullptr) return PERFTUNE_OK;
  return guarded([&] { return HandleTable::close(HandleTable::Kind::kernel, kernel) ? PERFTUNE_OK : closed("kernel"); });
}

perftune_status perftune_kernel_describe(perftune_kernel* kernel, perftune_kernel_info* info) {
  if (info == nullptr) return null_argument("info");
  const PinnedKernel pinned(kernel);
  if (!pinned) return closed("kernel");
  if (const auto wrong = check_size(*info, "perftune_kernel_info")) return wrong;
  return guarded([&] {
    describe(*pinned, *info);
    return PERFTUNE_OK;
  });
}

perftune_status perftune_kernel_tensor(perftune_kernel* kernel, size_t index, perftune_tensor_info* info) {
  if (info == nullptr) return null_argument("info");
  const PinnedKernel pinned(kernel);
  if (!pinned) return closed("kernel");
  if (const auto wrong = check_size(*info, "perftune_tensor_info")) return wrong;
  return guarded([&] {
    const BoundKernel& bound = *pinned->found->kernel;
    if (index >= bound.order().size()) return fail(PERFTUNE_BAD_ARGUMENT, "there is no tensor " + std::to_string(index));
    const Tensor& tensor = bound.op().tensors[static_cast<std::size_t>(bound.order()[index])];
    info->name = tensor.name.c_str();
    info->dtype = name(tensor.type).data();
    info->is_output = tensor.role == Tensor::Role::output ? 1 : 0;
    info->ndim = static_cast<int32_t>(tensor.shape.size());
    info->shape = tensor.shape.data();
    info->bytes = static_cast<std::uint64_t>(tensor.bytes());
    info->alignment = bound.runtime()->rules().alignment(tensor.type);
    return PERFTUNE_OK;
  });
}

}  // extern "C"
