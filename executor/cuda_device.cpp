#include "executor/cuda_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "executor/cuda_launch.hpp"
#include "executor/cuda_tensor_map.hpp"
#include "executor/poison.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

constexpr std::size_t kGuardBytes = 4096;  // on each side; keeps bases aligned as cuMemAlloc does
constexpr unsigned char kPattern = 0xC5;
constexpr std::size_t kAlignment = 512;   // of tensors in a copy, as cuMemAlloc's
constexpr std::int64_t kDefaultSharedBytes = 48 << 10;  // more needs the opt-in attribute

}  // namespace

cuda::Pointer CudaDevice::Buffer::data() const { return allocation + kGuardBytes; }

CudaDevice::CudaDevice(const cuda::Driver& driver, int ordinal, Hardware hardware)
    : driver_(driver), hardware_(std::move(hardware)) {
  check(driver_.device_get(&number_, ordinal), "finding the device");
  check(driver_.primary_retain(&context_, number_), "making a context");
  check(driver_.set_current(context_), "entering the context");
}

CudaDevice::~CudaDevice() {
  free_tensors();
  driver_.primary_release(number_);
}

void CudaDevice::check(cuda::Result result, const char* doing) const {
  if (result == 0) return;
  throw Error(ErrorKind::unavailable,
              fmt::format("{}: {} failed: {}", hardware_.name, doing, driver_.error_text(result)));
}

std::optional<Failure> CudaDevice::failure_of(cuda::Result result, const char* doing) {
  if (result == 0) return std::nullopt;
  if (cuda::Driver::sticky(result)) usable_ = false;
  if (cuda::Driver::device_lost(result)) check(result, doing);
  Failure failure;
  failure.kind = result == 702                  ? OutcomeKind::timed_out
                 : cuda::Driver::sticky(result) ? OutcomeKind::crashed
                                                : OutcomeKind::launch_failed;
  failure.detail = fmt::format("{}: {}", doing, driver_.error_text(result));
  return failure;
}

cuda::Pointer CudaDevice::allocate_guarded(std::size_t bytes, cuda::Result& result) const {
  cuda::Pointer allocation = 0;
  result = driver_.allocate(&allocation, bytes + 2 * kGuardBytes);
  if (result != 0) return 0;
  result = driver_.fill(allocation, kPattern, kGuardBytes);
  if (result == 0) result = driver_.fill(allocation + kGuardBytes + bytes, kPattern, kGuardBytes);
  return allocation;
}

bool CudaDevice::guards_intact(cuda::Pointer allocation, std::size_t bytes) const {
  std::vector<unsigned char> guard(kGuardBytes);
  for (const cuda::Pointer at : {allocation, allocation + kGuardBytes + bytes}) {
    check(driver_.copy_out(guard.data(), at, kGuardBytes), "reading a guard");
    if (!std::ranges::all_of(guard, [](unsigned char b) { return b == kPattern; })) return false;
  }
  return true;
}

void CudaDevice::free_tensors() {
  for (const Buffer& buffer : buffers_) {
    if (buffer.allocation != 0) driver_.release(buffer.allocation);
  }
  buffers_.clear();
  if (arena_ != 0) driver_.release(arena_);
  arena_ = 0;
  copies_.clear();
  turn_ = 0;
}

std::size_t CudaDevice::set_bytes() const {
  std::size_t sum = 0;
  for (const Buffer& buffer : buffers_) sum += (buffer.bytes + kAlignment - 1) / kAlignment * kAlignment;
  return sum;
}

cuda::Pointer CudaDevice::address(int slot, std::size_t turn) const {
  const auto at = static_cast<std::size_t>(slot);
  if (turn == 0) return buffers_.at(at).data();
  cuda::Pointer place = copies_.at(turn - 1);
  for (std::size_t i = 0; i < at; ++i) place += (buffers_[i].bytes + kAlignment - 1) / kAlignment * kAlignment;
  return place;
}

std::size_t CudaDevice::rotate(std::size_t bytes) {
  const std::size_t one = set_bytes();
  const std::size_t wanted = one == 0 ? 1 : bytes / one + 1;
  if (wanted == 1 || wanted > kMostSets || driver_.allocate(&arena_, (wanted - 1) * one) != 0) {
    arena_ = 0;
    return 1;
  }
  for (std::size_t i = 0; i + 1 < wanted; ++i) copies_.push_back(arena_ + i * one);
  std::vector<std::byte> held;
  for (std::size_t slot = 0; slot < buffers_.size(); ++slot) {
    if (buffers_[slot].allocation == 0) continue;
    held.resize(buffers_[slot].bytes);
    check(driver_.copy_out(held.data(), buffers_[slot].data(), held.size()), "reading a tensor");
    for (std::size_t turn = 1; turn < wanted; ++turn)
      check(driver_.copy_in(address(static_cast<int>(slot), turn), held.data(), held.size()), "copying a tensor");
  }
  return wanted;
}

void CudaDevice::load(const Operator& op, std::span<const std::span<const std::byte>> inputs) {
  const std::vector<int> positions = op.inputs();
  if (positions.size() != inputs.size()) {
    throw Error(ErrorKind::internal, fmt::format("{} inputs given, {} taken by {}", inputs.size(),
                                                 positions.size(), op.name));
  }
  free_tensors();
  op_ = op;
  buffers_.resize(op.tensors.size());
  for (std::size_t slot = 0; slot < op.tensors.size(); ++slot) {
    if (op.tensors[slot].role == Tensor::Role::intermediate) continue;
    cuda::Result result = 0;
    buffers_[slot].bytes = static_cast<std::size_t>(op.tensors[slot].bytes());
    buffers_[slot].allocation = allocate_guarded(buffers_[slot].bytes, result);
    check(result, "allocating the tensors");
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Buffer& buffer = buffers_[static_cast<std::size_t>(positions[i])];
    if (inputs[i].size() != buffer.bytes) {
      throw Error(ErrorKind::internal, fmt::format("input {} of {} has {} bytes instead of {}", i,
                                                   op.name, inputs[i].size(), buffer.bytes));
    }
    check(driver_.copy_in(buffer.data(), inputs[i].data(), buffer.bytes), "copying the inputs");
  }
  poison_outputs();
}

void CudaDevice::poison_outputs() {
  for (int output : op_.outputs()) {
    const auto slot = static_cast<std::size_t>(output);
    check(driver_.fill(buffers_[slot].data(),
                       static_cast<unsigned char>(poison(op_.tensors[slot].type)),
                       buffers_[slot].bytes),
          "poisoning the outputs");
  }
}

std::optional<PreparedCudaKernel> CudaDevice::prepare(const CompiledKernel& kernel,
                                                      const Launch& launch, Failure& failure) {
  PreparedCudaKernel prepared(*this);
  prepared.launch_ = launch;
  const auto fails = [&](cuda::Result result, const char* doing) {
    if (auto wrong = failure_of(result, doing)) failure = *std::move(wrong);
    return result != 0;
  };
  if (kernel.kernel.language == Kernel::Language::cpp) {
    failure.kind = OutcomeKind::launch_failed;
    prepared.host_ = LoadedLibrary::load(kernel.binary, failure.detail);
    void* const call = prepared.host_ ? prepared.host_->entry(kernel.kernel.entry, failure.detail) : nullptr;
    if (call == nullptr) return std::nullopt;
    prepared.host_call_ = reinterpret_cast<cuda::HostCall>(call);
  } else if (fails(driver_.module_load(&prepared.module_, kernel.binary.data()), "loading the module") ||
             fails(driver_.module_function(&prepared.function_, prepared.module_,
                                           kernel.kernel.entry.c_str()),
                   "finding the entry point")) {
    return std::nullopt;
  }
  if (launch.dynamic_shared_bytes > kDefaultSharedBytes &&
      fails(driver_.function_attribute(prepared.function_, cuda::kMaxDynamicSharedBytes,
                                       static_cast<int>(launch.dynamic_shared_bytes)),
            "opting in to its shared memory")) {
    return std::nullopt;
  }
  prepared.workspace_bytes_ = launch.workspace_bytes;
  prepared.workspace_zeroed_ = launch.workspace_zeroed_bytes;
  if (launch.workspace_bytes > 0) {
    const auto bytes = static_cast<std::size_t>(launch.workspace_bytes);
    const auto zeroed = static_cast<std::size_t>(launch.workspace_zeroed_bytes);
    cuda::Result result = 0;
    prepared.workspace_ = allocate_guarded(bytes, result);
    const cuda::Pointer data = prepared.workspace_ + kGuardBytes;
    if (result == 0 && zeroed > 0) result = driver_.fill(data, 0, zeroed);
    if (result == 0 && bytes > zeroed) result = driver_.fill(data + zeroed, 0xFF, bytes - zeroed);
    if (fails(result, "allocating its workspace")) return std::nullopt;
  }
  std::size_t turn = 0;
  const auto locate = [this, &turn](int position) -> std::uint64_t {
    const auto slot = static_cast<std::size_t>(position);
    return slot < buffers_.size() && buffers_[slot].allocation != 0 ? address(position, turn) : 0;
  };
  const auto encode = [this](const TensorMap& map, std::uint64_t address,
                             ParameterBlock::MapWords& into) {
    return encode_tensor(driver_, map, address, into);
  };
  prepared.parameters_.resize(sets());
  for (; turn < sets(); ++turn) {
    if (auto wrong = prepared.parameters_[turn].fill(kernel.kernel, launch, prepared.workspace_ + kGuardBytes, locate, encode)) {
      failure = {OutcomeKind::launch_failed, *std::move(wrong)};
      return std::nullopt;
    }
  }
  return prepared;
}

std::optional<Failure> CudaDevice::wait() {
  return failure_of(driver_.synchronize(), "running the kernel");
}

std::optional<Failure> CudaDevice::launch(const CompiledKernel& kernel, const Launch& launch) {
  Failure failure;
  std::optional<PreparedCudaKernel> prepared = prepare(kernel, launch, failure);
  if (!prepared) return failure;
  poison_outputs();
  if (auto wrong = prepared->enqueue()) return wrong;
  if (auto wrong = wait()) return wrong;
  if (auto wrong = prepared->workspace_violation()) {
    return Failure{OutcomeKind::wrong_result, *std::move(wrong)};
  }
  return std::nullopt;
}

void CudaDevice::read(int slot, std::span<std::byte> into) {
  const Buffer& buffer = buffers_.at(static_cast<std::size_t>(slot));
  if (buffer.bytes != into.size()) {
    throw Error(ErrorKind::internal, fmt::format("tensor {} has {} bytes, {} asked for", slot,
                                                 buffer.bytes, into.size()));
  }
  check(driver_.copy_out(into.data(), buffer.data(), into.size()), "reading a tensor");
}

std::optional<std::string> CudaDevice::guard_violation() const {
  for (std::size_t slot = 0; slot < buffers_.size(); ++slot) {
    if (buffers_[slot].allocation == 0) continue;
    if (!guards_intact(buffers_[slot].allocation, buffers_[slot].bytes)) {
      return fmt::format("write outside tensor {}", op_.tensors[slot].name);
    }
  }
  return std::nullopt;
}

PreparedCudaKernel::PreparedCudaKernel(PreparedCudaKernel&& other) noexcept
    : device_(other.device_),
      module_(std::exchange(other.module_, nullptr)),
      function_(other.function_),
      host_(std::move(other.host_)),
      host_call_(other.host_call_),
      workspace_(std::exchange(other.workspace_, 0)),
      workspace_bytes_(other.workspace_bytes_),
      workspace_zeroed_(other.workspace_zeroed_),
      launch_(std::move(other.launch_)),
      parameters_(std::move(other.parameters_)) {}

PreparedCudaKernel::~PreparedCudaKernel() {
  if (workspace_ != 0) device_->driver_.release(workspace_);
  if (module_ != nullptr) device_->driver_.module_unload(module_);
}

std::optional<Failure> PreparedCudaKernel::enqueue(cuda::Stream stream) {
  const cuda::Driver& driver = device_->driver_;
  if (host_call_ != nullptr) {
    const int status = host_call_(parameters_[device_->turn_ % parameters_.size()].data(), stream);
    if (status == 0) return std::nullopt;
    return Failure{OutcomeKind::launch_failed, fmt::format("the library refuses: status {}", status)};
  }
  if (const char* missing = cuda::cannot_launch(driver, launch_))
    return Failure{OutcomeKind::launch_failed, missing};
  return device_->failure_of(cuda::launch(driver, function_, launch_, stream,
                                           parameters_[device_->turn_ % parameters_.size()].data()),
                             "launching");
}

std::optional<std::string> PreparedCudaKernel::workspace_violation() const {
  if (workspace_ == 0) return std::nullopt;
  if (!device_->guards_intact(workspace_, static_cast<std::size_t>(workspace_bytes_))) {
    return "write outside the workspace";
  }
  std::vector<unsigned char> zeroed(static_cast<std::size_t>(workspace_zeroed_));
  device_->check(device_->driver_.copy_out(zeroed.data(), workspace_ + kGuardBytes, zeroed.size()),
                 "reading the workspace");
  if (!std::ranges::all_of(zeroed, [](unsigned char b) { return b == 0; })) {
    return "workspace not left zero for the next launch";
  }
  return std::nullopt;
}

}  // namespace perftune
