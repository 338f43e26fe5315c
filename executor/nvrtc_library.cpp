#include "executor/nvrtc_library.hpp"

#include <algorithm>

namespace perftune {
namespace {

const std::vector<std::string>& library_names() {
  static const std::vector<std::string> names{"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};
  return names;
}

// The first line that says "error", else the last line there is.
std::string reason(const std::string& log) {
  std::size_t begin = 0;
  std::string last;
  while (begin < log.size()) {
    const std::size_t end = std::min(log.find('\n', begin), log.size());
    const std::string line = log.substr(begin, end - begin);
    if (line.find("error") != std::string::npos) return line;
    if (!line.empty()) last = line;
    begin = end + 1;
  }
  return last;
}

}  // namespace

NvrtcLibrary::NvrtcLibrary(const LibrarySearch& search) : library_("NVRTC", library_names(), search) {
  library_.bind_required(version_, "nvrtcVersion");
  library_.bind_required(count_archs_, "nvrtcGetNumSupportedArchs");
  library_.bind_required(archs_, "nvrtcGetSupportedArchs");
  library_.bind_required(create_, "nvrtcCreateProgram");
  library_.bind_required(destroy_, "nvrtcDestroyProgram");
  library_.bind_required(compile_, "nvrtcCompileProgram");
  library_.bind_required(log_size_, "nvrtcGetProgramLogSize");
  library_.bind_required(log_, "nvrtcGetProgramLog");
  library_.bind_required(cubin_size_, "nvrtcGetCUBINSize");
  library_.bind_required(cubin_, "nvrtcGetCUBIN");
  library_.bind_required(ptx_size_, "nvrtcGetPTXSize");
  library_.bind_required(ptx_, "nvrtcGetPTX");
  version_(&major, &minor);
  library_.stay();  // the C++ runtime within it keeps 72,704 bytes of every time that it was loaded
}

std::vector<int> NvrtcLibrary::architectures() const {
  int count = 0;
  count_archs_(&count);
  std::vector<int> archs(static_cast<std::size_t>(count));
  archs_(archs.data());
  return archs;
}

std::vector<std::string> NvrtcLibrary::options() {
  return {"--std=c++20", "--ptxas-options=-v", "--ptxas-options=--warn-on-spills"};
}

std::string NvrtcLibrary::text(Handle handle, Size size, Get get) {
  std::size_t bytes = 0;
  if (size(handle, &bytes) != 0) return {};
  std::string all(bytes, '\0');
  return get(handle, all.data()) == 0 ? all : std::string();
}

NvrtcLibrary::Compiled NvrtcLibrary::compile(const std::string& source, const std::string& name,
                                             std::span<const DeviceHeader> headers, std::string_view arch,
                                             Form form) const {
  std::vector<const char*> texts, names;
  for (const DeviceHeader& header : headers) {
    texts.push_back(header.text.c_str());
    names.push_back(header.name.c_str());
  }
  Compiled compiled;
  Handle handle = nullptr;
  create_(&handle, source.c_str(), name.c_str(), static_cast<int>(texts.size()), texts.data(), names.data());
  if (handle == nullptr) {
    compiled.why_not = "NVRTC took no program";
    return compiled;
  }
  std::vector<std::string> words = options();
  words.insert(words.begin(), "--gpu-architecture=" + std::string(arch));
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  const int result = compile_(handle, static_cast<int>(pointers.size()), pointers.data());
  compiled.ok = result == 0;
  compiled.log = text(handle, log_size_, log_);
  if (compiled.ok) {
    compiled.image = form == Form::cubin ? text(handle, cubin_size_, cubin_) : text(handle, ptx_size_, ptx_);
  } else {
    compiled.why_not = reason(compiled.log);
    if (compiled.why_not.empty()) compiled.why_not = "NVRTC error " + std::to_string(result);
  }
  destroy_(&handle);
  return compiled;
}

}  // namespace perftune
