#include "executor/vendor_library.hpp"

#include <dlfcn.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "recipes/error.hpp"

namespace perftune {
namespace {

namespace fs = std::filesystem;

constexpr int kWheelDepth = 6;  // site-packages/nvidia/cuda_nvrtc/lib below .deps

// The folder itself and those below it that hold a file of that name: Python wheels nest
// libraries in folders of their own.
std::vector<std::string> candidates(const std::string& folder, const std::string& name) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (fs::recursive_directory_iterator it(folder, ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    if (it.depth() >= kWheelDepth) it.disable_recursion_pending();
    if (it->path().filename() == name) found.push_back(it->path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Of toolkits, the newest first.
std::vector<std::string> toolkit_folders() {
  glob_t found{};
  ::glob("/usr/local/cuda*/extras/CUPTI/lib64", 0, nullptr, &found);
  ::glob("/usr/local/cuda*/lib64", GLOB_APPEND, nullptr, &found);
  std::vector<std::string> folders(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  std::reverse(folders.begin(), folders.end());
  ::globfree(&found);
  return folders;
}

std::shared_ptr<void> open(const std::string& path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return nullptr;
  return {handle, [](void* h) { dlclose(h); }};
}

}  // namespace

VendorLibrary::VendorLibrary(const std::string& what, std::span<const std::string> names,
                             const LibrarySearch& search)
    : what_(what) {
  std::vector<std::string> paths;
  for (const std::string& folder : search.folders)
    for (const std::string& name : names)
      for (auto& path : candidates(folder, name)) paths.push_back(std::move(path));
  if (!search.nowhere_else) {
    paths.insert(paths.end(), names.begin(), names.end());
    for (const std::string& folder : toolkit_folders())
      for (const std::string& name : names) paths.push_back(folder + "/" + name);
  }
  for (const std::string& path : paths) {
    handle_ = open(path);
    if (!handle_) continue;
    path_ = path;
    return;
  }
  throw Error(ErrorKind::unavailable,
              what + " (" + names.front() +
                  ") was not found in " +
                  (search.nowhere_else
                       ? search.folders.front() + ", and nowhere else was to be searched"
                       : std::string("the loader's path, /usr/local/cuda*/lib64 or the folders "
                                     "given; install the CUDA toolkit or run scripts/setup")));
}

void* VendorLibrary::required(const char* symbol) const {
  if (void* address = optional(symbol)) return address;
  throw Error(ErrorKind::unavailable, what_ + " at " + path_ + " has no " + symbol);
}

void* VendorLibrary::optional(const char* symbol) const { return dlsym(handle_.get(), symbol); }

void VendorLibrary::stay() const { dlopen(path_.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE); }

}  // namespace perftune
