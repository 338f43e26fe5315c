#include "executor/nvrtc.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include "codegen/cuda/headers.hpp"
#include "executor/vendor_library.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using Handle = struct NvrtcProgram*;
constexpr int kSuccess = 0;

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

// The one list of NVRTC symbols.
struct Nvrtc::Functions {
  explicit Functions(const LibrarySearch& search)
      : library("NVRTC", library_names(), search) {
    const auto load = [&](auto& function, const char* symbol) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
          library.required(symbol));
    };
    load(version, "nvrtcVersion");
    load(count_archs, "nvrtcGetNumSupportedArchs");
    load(archs, "nvrtcGetSupportedArchs");
    load(create, "nvrtcCreateProgram");
    load(destroy, "nvrtcDestroyProgram");
    load(compile, "nvrtcCompileProgram");
    load(log_size, "nvrtcGetProgramLogSize");
    load(log, "nvrtcGetProgramLog");
    load(cubin_size, "nvrtcGetCUBINSize");
    load(cubin, "nvrtcGetCUBIN");
    load(ptx_size, "nvrtcGetPTXSize");
    load(ptx, "nvrtcGetPTX");
  }

  VendorLibrary library;
  int (*version)(int*, int*);
  int (*count_archs)(int*);
  int (*archs)(int*);
  int (*create)(Handle*, const char* source, const char* name, int headers,
                const char* const* texts, const char* const* names);
  int (*destroy)(Handle*);
  int (*compile)(Handle, int options, const char* const*);
  int (*log_size)(Handle, std::size_t*);
  int (*log)(Handle, char*);
  int (*cubin_size)(Handle, std::size_t*);
  int (*cubin)(Handle, char*);
  int (*ptx_size)(Handle, std::size_t*);
  int (*ptx)(Handle, char*);
};

// One compilation.
class Nvrtc::Program {
 public:
  Program(const Functions& nvrtc, const Kernel& kernel) : nvrtc_(nvrtc) {
    std::vector<const char*> texts, names;
    for (const DeviceHeader& header : cuda_device_headers()) {
      texts.push_back(header.text.c_str());
      names.push_back(header.name.c_str());
    }
    nvrtc_.create(&handle_, kernel.source.c_str(), (kernel.entry + ".cu").c_str(),
                  static_cast<int>(texts.size()), texts.data(), names.data());
  }
  ~Program() {
    if (handle_) nvrtc_.destroy(&handle_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // nullopt is success.
  std::optional<Failure> compile(std::string_view arch) {
    if (!handle_) return Failure{OutcomeKind::compile_failed, "NVRTC took no program"};
    std::vector<std::string> options = Nvrtc::options();
    options.insert(options.begin(), "--gpu-architecture=" + std::string(arch));
    std::vector<const char*> pointers;
    for (const std::string& option : options) pointers.push_back(option.c_str());
    const int result =
        nvrtc_.compile(handle_, static_cast<int>(pointers.size()), pointers.data());
    log_ = text(nvrtc_.log_size, nvrtc_.log);
    if (result == kSuccess) return std::nullopt;
    const std::string why = reason(log_);
    return Failure{OutcomeKind::compile_failed,
                   why.empty() ? "NVRTC error " + std::to_string(result) : why};
  }

  const std::string& log() const { return log_; }
  std::string cubin() const { return text(nvrtc_.cubin_size, nvrtc_.cubin); }
  std::string ptx() const {
    std::string all = text(nvrtc_.ptx_size, nvrtc_.ptx);
    if (!all.empty() && all.back() == '\0') all.pop_back();
    return all;
  }

 private:
  std::string text(int (*size)(Handle, std::size_t*), int (*get)(Handle, char*)) const {
    std::size_t bytes = 0;
    if (size(handle_, &bytes) != kSuccess) return {};
    std::string all(bytes, '\0');
    return get(handle_, all.data()) == kSuccess ? all : std::string{};
  }

  const Functions& nvrtc_;
  Handle handle_ = nullptr;
  std::string log_;
};

Nvrtc::Nvrtc(const LibrarySearch& search) : functions_(std::make_unique<Functions>(search)) {}
Nvrtc::~Nvrtc() = default;
Nvrtc::Nvrtc(Nvrtc&&) noexcept = default;
Nvrtc& Nvrtc::operator=(Nvrtc&&) noexcept = default;

std::string Nvrtc::version() const {
  int major = 0, minor = 0;
  functions_->version(&major, &minor);
  return std::to_string(major) + "." + std::to_string(minor);
}

bool Nvrtc::supports(std::string_view arch) const {
  if (!arch.starts_with("sm_")) return false;
  int wanted = 0;
  std::from_chars(arch.data() + 3, arch.data() + arch.size(), wanted);
  int count = 0;
  functions_->count_archs(&count);
  std::vector<int> archs(static_cast<std::size_t>(count));
  functions_->archs(archs.data());
  return std::find(archs.begin(), archs.end(), wanted) != archs.end();
}

std::vector<std::string> Nvrtc::options() {
  return {"--std=c++20", "--ptxas-options=-v", "--ptxas-options=--warn-on-spills"};
}

std::variant<CompiledKernel, Failure> Nvrtc::compile(const Kernel& kernel,
                                                     std::string_view arch) const {
  Program program(*functions_, kernel);
  if (auto failure = program.compile(arch)) return *std::move(failure);
  return CompiledKernel{kernel, program.cubin(), parse_ptxas_log(program.log(), kernel.entry)};
}

std::variant<std::string, Failure> Nvrtc::ptx(const Kernel& kernel, std::string_view arch) const {
  Program program(*functions_, kernel);
  if (auto failure = program.compile(arch)) return *std::move(failure);
  return program.ptx();
}

}  // namespace perftune
