// A private, empty folder that is removed with all its contents when its owner goes.
//
// Not thread-safe, but any number may exist. A folder that cannot be made throws
// Error{unavailable}; one that cannot be removed is left behind silently.
#pragma once

#include <string>

namespace perftune {

class TemporaryFolder {
 public:
  // Made as `parent`/perftune-XXXXXX, readable by this user only.
  explicit TemporaryFolder(const std::string& parent);
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }

  // Writes `text` to `name`, a relative path without "..", making folders on the way.
  void write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

}  // namespace perftune
