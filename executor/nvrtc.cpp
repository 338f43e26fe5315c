#include "executor/nvrtc.hpp"

#include <algorithm>
#include <charconv>

#include "codegen/cuda/headers.hpp"

namespace perftune {
namespace {

NvrtcLibrary::Compiled compiled(const NvrtcLibrary& library, const Kernel& kernel, std::string_view arch,
                                NvrtcLibrary::Form form) {
  return library.compile(kernel.source, kernel.entry + ".cu", cuda_device_headers(), arch, form);
}

}  // namespace

Nvrtc::Nvrtc(const LibrarySearch& search) : library_(std::make_unique<const NvrtcLibrary>(search)) {}
Nvrtc::~Nvrtc() = default;
Nvrtc::Nvrtc(Nvrtc&&) noexcept = default;
Nvrtc& Nvrtc::operator=(Nvrtc&&) noexcept = default;

std::string Nvrtc::version() const { return std::to_string(library_->major) + "." + std::to_string(library_->minor); }

bool Nvrtc::supports(std::string_view arch) const {
  if (!arch.starts_with("sm_")) return false;
  int wanted = 0;
  std::from_chars(arch.data() + 3, arch.data() + arch.size(), wanted);
  const std::vector<int> archs = library_->architectures();
  return std::find(archs.begin(), archs.end(), wanted) != archs.end();
}

std::vector<std::string> Nvrtc::options() { return NvrtcLibrary::options(); }

std::variant<CompiledKernel, Failure> Nvrtc::compile(const Kernel& kernel,
                                                     std::string_view arch) const {
  NvrtcLibrary::Compiled made = compiled(*library_, kernel, arch, NvrtcLibrary::Form::cubin);
  if (!made.ok) return Failure{OutcomeKind::compile_failed, std::move(made.why_not)};
  return CompiledKernel{kernel, std::move(made.image), parse_ptxas_log(made.log, kernel.entry)};
}

std::variant<std::string, Failure> Nvrtc::ptx(const Kernel& kernel, std::string_view arch) const {
  NvrtcLibrary::Compiled made = compiled(*library_, kernel, arch, NvrtcLibrary::Form::ptx);
  if (!made.ok) return Failure{OutcomeKind::compile_failed, std::move(made.why_not)};
  if (!made.image.empty() && made.image.back() == '\0') made.image.pop_back();
  return std::move(made.image);
}

}  // namespace perftune
