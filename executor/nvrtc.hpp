// Compiles emitted CUDA sources with NVRTC, which is loaded at run time.
//
// Thread-safe: any number of threads may compile at once (NVRTC is thread-parallel). A compile
// cannot be interrupted; whoever needs a deadline compiles in a process that it can end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codegen/kernel.hpp"
#include "executor/device.hpp"
#include "executor/nvrtc_library.hpp"

namespace perftune {

class Nvrtc {
 public:
  // Throws Error{unavailable} when there is no usable NVRTC where `search` says (for example the
  // Python wheels of .deps).
  explicit Nvrtc(const LibrarySearch& search = {});
  ~Nvrtc();
  Nvrtc(Nvrtc&&) noexcept;
  Nvrtc& operator=(Nvrtc&&) noexcept;

  // "13.0": belongs to the validity key, with options().
  std::string version() const;
  // Whether it compiles for `arch` ("sm_80", "sm_90a").
  bool supports(std::string_view arch) const;

  // The cubin and what ptxas says of it. A source that does not compile is a Failure with the
  // first line of the log that tells why; spills and C75xx warnings are facts in Resources.
  // Resources::shared_bytes holds static shared memory only: add Launch::dynamic_shared_bytes.
  std::variant<CompiledKernel, Failure> compile(const Kernel& kernel, std::string_view arch) const;

  // The PTX of the same compilation, for tests that look for instructions.
  std::variant<std::string, Failure> ptx(const Kernel& kernel, std::string_view arch) const;

  // Every option but the architecture; the same for every kernel.
  static std::vector<std::string> options();

 private:
  std::unique_ptr<const NvrtcLibrary> library_;
};

// Reads the log of a compilation with -v: registers, spills, stack, static shared memory, and the
// performance warnings. Exposed for tests.
Resources parse_ptxas_log(std::string_view log, std::string_view entry);

}  // namespace perftune
