// A vendor's library found at run time: absent is a normal state, reported once and clearly.
//
// Open one per vendor; symbols() on one list (nvrtc.cpp, ...) turns it into typed functions.
// Not thread-safe while opening; immutable afterwards.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace perftune {

// Where to look. Implicit from folders, which are searched first with all that is below them.
struct LibrarySearch {
  LibrarySearch(std::vector<std::string> folders_first = {}, bool only_there = false)
      : folders(std::move(folders_first)), nowhere_else(only_there) {}
  std::vector<std::string> folders;
  bool nowhere_else;  // neither the loader's path nor /usr/local/cuda*
};

class VendorLibrary {
 public:
  // Tries each of `names` ("libnvrtc.so.13") in each folder of `search`, in the loader's own path,
  // and in /usr/local/cuda*/lib64. Throws Error{unavailable} naming `what` and where it was sought.
  VendorLibrary(const std::string& what, std::span<const std::string> names,
                const LibrarySearch& search);

  // Throws Error{unavailable} when the library lacks it: too old or too new.
  void* required(const char* symbol) const;
  void* optional(const char* symbol) const;  // nullptr when absent

  // The same, into a pointer to function.
  template <typename Function>
  void bind_required(Function& function, const char* symbol) const {
    function = reinterpret_cast<Function>(required(symbol));
  }
  template <typename Function>
  void bind_optional(Function& function, const char* symbol) const {
    function = reinterpret_cast<Function>(optional(symbol));
  }

  const std::string& path() const { return path_; }

  // Keeps the library in the process for good: for those that lose memory whenever they are unloaded.
  void stay() const;

 private:
  std::string what_;
  std::string path_;
  std::shared_ptr<void> handle_;
};

}  // namespace perftune
