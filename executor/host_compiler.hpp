// The host's C++ compiler as a child process: kernel text in, bytes of a shared object out.
//
// One call compiles and links, in a private folder that holds nothing but the source and the
// headers given (a quoted include resolves beside the source first), without the C++ library:
// linking takes 9 ms instead of 59 (cpu_facts.md). The child has a deadline and an address-space
// limit, dies with this process, and its folder is always removed.
//
// Thread-safe: compile may run in several threads at once. What the compiler makes of a source is
// a value; only a machine that cannot start a process throws Error{unavailable}.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "codegen/kernel.hpp"

namespace perftune {

struct HostCompileResult {
  std::string binary;  // the shared object; empty unless `ok`
  std::string log;     // what the compiler said, at most 1 MiB, or why it was stopped
  bool ok = false;
  bool timed_out = false;  // stopped at the deadline
  double seconds = 0;
};

class HostCompiler {
 public:
  // `preferred` is a path or a name; otherwise g++, else clang++, each looked up in
  // `search_path` (the caller's PATH). nullopt when there is none that answers.
  static std::optional<HostCompiler> find(const std::string& preferred = {},
                                          const std::string& search_path = kDefaultSearchPath);

  // `flags` are the language and optimisation flags ("-std=c++20", "-O3", "-mavx2", ...); what
  // makes it a shared object is added here. `headers` are written under their own names.
  HostCompileResult compile(const std::string& source, std::span<const DeviceHeader> headers,
                            std::span<const std::string> flags, double deadline_s) const;

  // Path and version: part of the validity key of what it compiled.
  const std::string& identity() const { return identity_; }

  // Where the private folders are made; /tmp unless set.
  void set_temporary_parent(const std::string& folder) { temporary_parent_ = folder; }
  // Address space of the compiler and each of its passes.
  void set_memory_limit(std::int64_t bytes) { memory_limit_bytes_ = bytes; }

  static constexpr const char* kDefaultSearchPath = "/usr/local/bin:/usr/bin:/bin";

 private:
  HostCompiler(std::string path, std::string search_path)
      : path_(std::move(path)), search_path_(std::move(search_path)) {}

  std::string path_;
  std::string search_path_;
  std::string identity_;
  std::string temporary_parent_ = "/tmp";
  std::int64_t memory_limit_bytes_ = std::int64_t{4} << 30;
};

}  // namespace perftune
