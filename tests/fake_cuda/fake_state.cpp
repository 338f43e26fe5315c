// The fake driver's device, memory and kernels: see fake_cuda.cpp.
#include "fake_state.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>

namespace fake {
namespace {

std::unique_ptr<State>& place() {
  static auto instance = std::make_unique<State>();
  return instance;
}

// An image has no length of its own: an ELF file's end is that of its section table or of its
// furthest section.
std::optional<std::string_view> image_bytes(const void* image) {
  Elf64_Ehdr header;
  std::memcpy(&header, image, sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;
  const char* const bytes = static_cast<const char*>(image);
  std::size_t end = header.e_shoff + std::size_t{header.e_shnum} * header.e_shentsize;
  for (int i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    std::memcpy(&section, bytes + header.e_shoff + std::size_t(i) * header.e_shentsize,
                sizeof section);
    if (section.sh_type != SHT_NOBITS) end = std::max(end, section.sh_offset + section.sh_size);
  }
  const std::size_t programs = header.e_phoff + std::size_t{header.e_phnum} * header.e_phentsize;
  return std::string_view(bytes, std::max(end, programs));
}

}  // namespace

State& state() { return *place(); }

std::string folder() {
  if (const char* set = std::getenv("PERFTUNE_FAKE_CUDA")) return set;
  Dl_info self{};
  if (dladdr(reinterpret_cast<void*>(&folder), &self) == 0) return "";
  return std::filesystem::absolute(self.dli_fname).parent_path().string();
}

FakeDevice read_device(const std::string& from) {
  FakeDevice device;
  std::ifstream in(from + "/device");
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key >> std::ws;
    if (key == "name") std::getline(words, device.name);
    if (key == "compute_capability") words >> device.compute_capability;
    if (key == "sms") words >> device.sms;
    if (key == "total_gib") words >> device.total_gib;
    if (key == "memory_bytes") words >> device.memory_bytes;
    if (key == "shared_bytes_optin") words >> device.shared_bytes_optin;
    if (key == "clock_khz") words >> device.clock_khz;
    if (key == "l2_bytes") words >> device.l2_bytes;
    if (key == "devices") words >> device.devices;
    if (key == "lost_after") words >> device.lost_after;
    if (key == "lost_at_module") words >> device.lost_at_module;
    if (key == "broken_after") words >> device.broken_after;
    if (key == "fast_kernels") words >> device.fast_kernels;
    if (key == "cupti") words >> device.cupti;
    if (key == "cublas") words >> device.cublas;
    if (key == "cudnn") words >> device.cudnn;
    if (key == "energy") words >> device.energy;
    if (key == "counters") words >> device.counters;
    if (key == "throttled_reads") words >> device.throttled_reads;
  }
  return device;
}

void restart() {
  place() = std::make_unique<State>();
  state().folder = folder();
  state().device = read_device(state().folder);
}

bool inside(cuda::Pointer at, std::size_t bytes) {
  for (const auto& [base, size] : state().sizes) {
    if (at >= base && at + bytes <= base + size) return true;
  }
  return false;
}

Result run_vendor(const std::function<bool()>& work, std::optional<std::chrono::microseconds> told) {
  State& s = state();
  if (s.sticky != kSuccess) return s.sticky;
  const auto start = std::chrono::steady_clock::now();
  if (!work()) s.sticky = kIllegalAddress;
  note_kernel(start, told ? start + *told : std::chrono::steady_clock::now());
  return kSuccess;
}

Result load_module(const void* image, Module*& loaded) {
  State& s = state();
  if (++s.modules == s.device.lost_at_module) return s.sticky = kUnknown;
  const auto bytes = image_bytes(image);
  if (!bytes) return kInvalidImage;
  std::string build(*bytes);
  if (std::ifstream in(state().folder + "/" + image_hash(*bytes) + ".emulated", std::ios::binary); in)
    build.assign(std::istreambuf_iterator<char>(in), {});
  std::string why_not;
  auto library = LoadedLibrary::load(build, why_not);
  if (!library || library->symbol("perftune_attachment") == nullptr) return kInvalidImage;
  loaded = new Module{std::move(*library)};
  return kSuccess;
}

Result run(Function* function, const Launch& launch, void** params) {
  State& s = state();
  if (s.sticky != kSuccess) return s.sticky;
  ++s.launches;
  std::ofstream(s.folder + "/launches", std::ios::app) << '.';
  if (s.device.lost_after >= 0 && s.launches > s.device.lost_after) {
    return s.sticky = kUnknown;
  }
  if (s.device.broken_after >= 0 && s.launches > s.device.broken_after) {
    s.sticky = kIllegalAddress;
    return kSuccess;
  }
  const std::int64_t threads = std::int64_t{launch.block[0]} * launch.block[1] * launch.block[2];
  if (threads < 1 || threads > 1024 || launch.grid[0] < 1 ||
      launch.dynamic_shared_bytes > function->max_dynamic_shared) {
    return kInvalidValue;
  }
  emulation::GlobalMemory memory;
  for (const auto& [base, size] : s.sizes) {
    if (size >= kUntouchedBytes) continue;
    // A device checks no roles and knows no fresh memory: everything may be read and written.
    memory.add({"device memory", emulation::GlobalBuffer::Kind::workspace,
                reinterpret_cast<std::byte*>(base), size, size});
  }
  using GetAttachment = emulation::Attachment* (*)();
  const auto attachment =
      reinterpret_cast<GetAttachment>(function->module->library.symbol("perftune_attachment"));
  const auto entry = reinterpret_cast<emulation::GridRun::Entry>(
      function->module->library.symbol("perftune_run_" + function->name));
  emulation::RunOptions options;
  options.max_steps = 50'000'000;
  emulation::GridRun grid(memory, s.fibers, options);
  const auto start = std::chrono::steady_clock::now();
  const auto defect = grid.run(*attachment(), entry, params[0], launch);
  note_kernel(start, std::chrono::steady_clock::now());
  if (!defect) return kSuccess;
  if (std::getenv("PERFTUNE_FAKE_CUDA_VERBOSE") != nullptr) {
    std::fprintf(stderr, "%s\n", defect->text.c_str());
  }
  switch (defect->kind) {
    case OutcomeKind::crashed:
      s.sticky = kIllegalAddress;
      break;
    case OutcomeKind::timed_out:
      for (;;) ::pause();  // a kernel that never ends holds its caller for ever
    case OutcomeKind::launch_failed:
      s.sticky = kLaunchFailed;
      break;
    default:
      break;  // races and the like: a device says nothing
  }
  return kSuccess;  // launches are asynchronous: what went wrong is told by the next call
}

}  // namespace fake
