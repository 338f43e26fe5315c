#include "executor/loaded_library.hpp"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "recipes/words.hpp"

namespace perftune {

std::optional<LoadedLibrary> LoadedLibrary::load(std::string_view binary, std::string& why_not) {
  FileDescriptor memory(::memfd_create("perftune-kernel", MFD_CLOEXEC));
  if (!memory) {
    why_not = words("no memory file: {}", ::strerror(errno));
    return std::nullopt;
  }
  while (!binary.empty()) {
    const ssize_t written = ::write(memory.get(), binary.data(), binary.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      why_not = words("no memory for the shared object: {}", ::strerror(errno));
      return std::nullopt;
    }
    binary.remove_prefix(static_cast<std::size_t>(written));
  }
  const std::string path = words("/proc/self/fd/{}", memory.get());
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = ::dlerror();
    why_not = reason ? reason : "dlopen failed";
    return std::nullopt;
  }
  return LoadedLibrary(std::move(memory), handle);
}

LoadedLibrary::LoadedLibrary(LoadedLibrary&& other) noexcept
    : memory_(std::move(other.memory_)), handle_(std::exchange(other.handle_, nullptr)) {}

LoadedLibrary& LoadedLibrary::operator=(LoadedLibrary&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(handle_, other.handle_);
  return *this;
}

LoadedLibrary::~LoadedLibrary() {
  if (handle_ != nullptr) ::dlclose(handle_);
}

void* LoadedLibrary::symbol(const std::string& name) const {
  return ::dlsym(handle_, name.c_str());
}

void* LoadedLibrary::entry(const std::string& name, std::string& why_not) const {
  void* const found = symbol(name);
  if (found == nullptr) why_not = "no entry point '" + name + "' in the kernel";
  const auto ready = reinterpret_cast<const char* (*)()>(symbol(name + "_ready"));
  const char* const missing = found != nullptr && ready != nullptr ? ready() : nullptr;
  if (missing == nullptr) return found;
  why_not = missing;
  return nullptr;
}

}  // namespace perftune
