// A shared object loaded from bytes, never from a path that somebody else could write to.
//
// Not thread-safe for one object; symbols stay valid for its lifetime. Code runs at loading time
// (constructors), so load only what this process compiled, or what the user chose to trust.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "executor/file_descriptor.hpp"

namespace perftune {

class LoadedLibrary {
 public:
  // nullopt with `why_not` set when the bytes do not load or leave a symbol undefined.
  static std::optional<LoadedLibrary> load(std::string_view binary, std::string& why_not);
  LoadedLibrary(LoadedLibrary&& other) noexcept;
  LoadedLibrary& operator=(LoadedLibrary&& other) noexcept;
  ~LoadedLibrary();

  // Address of an extern "C" function or object; nullptr when there is none of that name.
  void* symbol(const std::string& name) const;

  // A kernel's entry point, made ready: where the kernel calls a vendor's library, NAME_ready looks for that.
  // nullptr with `why_not` set when there is none of that name, or the library is not here.
  void* entry(const std::string& name, std::string& why_not) const;

 private:
  LoadedLibrary(FileDescriptor memory, void* handle)
      : memory_(std::move(memory)), handle_(handle) {}

  // Open for as long as the library is loaded: the loader recognises libraries by name, and
  // /proc/self/fd/N would name another one if the number were given away.
  FileDescriptor memory_;
  void* handle_ = nullptr;
};

}  // namespace perftune
