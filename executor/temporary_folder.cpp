#include "executor/temporary_folder.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <string.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "recipes/error.hpp"

namespace perftune {

TemporaryFolder::TemporaryFolder(const std::string& parent) : path_(parent + "/perftune-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) {
    const int reason = errno;
    throw Error(ErrorKind::unavailable,
                fmt::format("no temporary folder in {}: {}", parent, ::strerror(reason)));
  }
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, std::string())) {}

TemporaryFolder::~TemporaryFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TemporaryFolder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path relative(name);
  bool inside = !name.empty() && relative.is_relative();
  for (const auto& part : relative) inside = inside && part != "..";
  if (!inside)
    throw Error(ErrorKind::internal, fmt::format("file name '{}' leaves its folder", name));
  const std::filesystem::path target = std::filesystem::path(path_) / relative;
  std::error_code failed;
  std::filesystem::create_directories(target.parent_path(), failed);
  std::ofstream out(target, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out) throw Error(ErrorKind::unavailable, fmt::format("cannot write {}", target.string()));
}

}  // namespace perftune
