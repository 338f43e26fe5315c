#include "executor/host_compiler.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "executor/child_process.hpp"
#include "executor/file_descriptor.hpp"
#include "executor/temporary_folder.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using Clock = ChildProcess::Clock;
constexpr std::size_t kLogLimitBytes = 1 << 20;

std::optional<std::string> look_up(const std::string& name, const std::string& search_path) {
  if (name.find('/') != std::string::npos) {
    return ::access(name.c_str(), X_OK) == 0 ? std::optional(name) : std::nullopt;
  }
  std::istringstream folders(search_path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string path = folder + "/" + name;
    if (!folder.empty() && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

struct ChildOutput {
  std::string text;
  std::optional<ExitStatus> status;  // nullopt: stopped at the deadline
};

// Runs to the end or the deadline with stdout and stderr collected; stdin is empty.
ChildOutput run_collecting(ChildOptions options, Clock::time_point deadline) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw Error(ErrorKind::unavailable, "no pipe for the compiler");
  FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  FileDescriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  options.files = {{0, nothing.get()}, {1, write_end.get()}, {2, write_end.get()}};
  ChildProcess child = ChildProcess::start(options);
  write_end.reset();

  ChildOutput output;
  std::array<char, 16384> block;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd event{read_end.get(), POLLIN, 0};
    const int ready =
        left > 0 ? ::poll(&event, 1, static_cast<int>(std::min<long>(left, 60000))) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      if (left > 0 && ready == 0) continue;
      child.kill();
      return output;
    }
    const ssize_t got = ::read(read_end.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    const std::size_t room = kLogLimitBytes - output.text.size();
    output.text.append(block.data(), std::min(room, static_cast<std::size_t>(got)));
  }
  output.status = child.wait(deadline);
  if (!output.status) child.kill();
  return output;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

std::optional<HostCompiler> HostCompiler::find(const std::string& preferred,
                                               const std::string& search_path) {
  const std::vector<std::string> names =
      preferred.empty() ? std::vector<std::string>{"g++", "clang++"} : std::vector{preferred};
  for (const std::string& name : names) {
    const std::optional<std::string> path = look_up(name, search_path);
    if (!path) continue;
    HostCompiler compiler(*path, search_path);
    ChildOptions options;
    options.arguments = {*path, "--version"};
    options.environment = {"PATH=" + search_path, "LC_ALL=C"};
    const ChildOutput answer =
        run_collecting(std::move(options), Clock::now() + std::chrono::seconds(10));
    if (!answer.status || !answer.status->success()) continue;
    compiler.identity_ =
        fmt::format("{} ({})", *path, answer.text.substr(0, answer.text.find('\n')));
    return compiler;
  }
  return std::nullopt;
}

HostCompileResult HostCompiler::compile(const std::string& source,
                                        std::span<const DeviceHeader> headers,
                                        std::span<const std::string> flags,
                                        double deadline_s) const {
  const Clock::time_point start = Clock::now();
  const TemporaryFolder folder(temporary_parent_);
  folder.write("kernel.cpp", source);
  for (const DeviceHeader& header : headers) folder.write(header.name, header.text);

  ChildOptions options;
  options.arguments = {path_, "-shared", "-fPIC", "-nostdlib"};
  options.arguments.insert(options.arguments.end(), flags.begin(), flags.end());
  // The folder on the include path serves headers that include each other by full name.
  for (const char* last : {"-I.", "kernel.cpp", "-o", "kernel.so"}) {
    options.arguments.emplace_back(last);
  }
  options.environment = {"PATH=" + search_path_, "LC_ALL=C", "TMPDIR=" + folder.path()};
  options.folder = folder.path();
  options.address_space_bytes = memory_limit_bytes_;
  options.cpu_seconds = deadline_s + 1;

  const auto allowed =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(deadline_s));
  ChildOutput output = run_collecting(std::move(options), start + allowed);

  HostCompileResult result;
  result.log = std::move(output.text);
  if (!output.status) {
    result.timed_out = true;
    result.log += fmt::format("\ncompiler stopped after {:.1f} s", deadline_s);
  } else if (!output.status->success()) {
    result.log += fmt::format("\ncompiler ended with {}", output.status->text());
  } else {
    result.binary = read_file(folder.path() + "/kernel.so");
    result.ok = !result.binary.empty();
    if (!result.ok) result.log += "\ncompiler wrote no shared object";
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

}  // namespace perftune
