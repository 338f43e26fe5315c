// NVRTC, loaded at run time: its one list of symbols, and one compilation as a call.
//
// Thread-safe once loaded: any number of threads may compile at once.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/kernel.hpp"
#include "executor/vendor_library.hpp"

namespace perftune {

class NvrtcLibrary {
 public:
  // Throws Error{unavailable} when there is no usable NVRTC where `search` says.
  explicit NvrtcLibrary(const LibrarySearch& search);

  int major = 0, minor = 0;  // of its version
  // Numbers as in "sm_80", of what it compiles for.
  std::vector<int> architectures() const;

  struct Compiled {
    bool ok = false;
    std::string image;  // what was asked for
    std::string log;
    std::string why_not;  // one line
  };
  enum class Form { cubin, ptx };
  // `arch` is "sm_80"; `headers` are what the source includes by name; `name` stands in the log.
  Compiled compile(const std::string& source, const std::string& name, std::span<const DeviceHeader> headers,
                   std::string_view arch, Form form = Form::cubin) const;

  // Every option but the architecture; the same for every kernel.
  static std::vector<std::string> options();

 private:
  using Handle = struct NvrtcProgram*;
  using Size = int (*)(Handle, std::size_t*);
  using Get = int (*)(Handle, char*);
  static std::string text(Handle handle, Size size, Get get);

  VendorLibrary library_;
  int (*version_)(int*, int*);
  int (*count_archs_)(int*);
  int (*archs_)(int*);
  int (*create_)(Handle*, const char* source, const char* name, int headers, const char* const* texts,
                 const char* const* names);
  int (*destroy_)(Handle*);
  int (*compile_)(Handle, int options, const char* const*);
  Size log_size_, cubin_size_, ptx_size_;
  Get log_, cubin_, ptx_;
};

}  // namespace perftune
