// The store's file as the library sees it: opened for reading, still the one that was opened, and
// whether its code may run here.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "db/sqlite.hpp"
#include "executor/library/status.hpp"

namespace perftune {

// Why binaries of a file may not be run: it is not the user's or root's, or others may write it; empty: they may.
// Throws StatusError{PERFTUNE_STORE_CHANGED} when there is no such file.
std::string why_not_trusted(const std::string& path);

class StoreFile {
 public:
  // Throws StatusError{PERFTUNE_BAD_STORE}.
  explicit StoreFile(const std::string& path);

  sqlite::Database& database() { return *database_; }
  // Throws StatusError{PERFTUNE_STORE_CHANGED} when the path no longer names the file that was opened.
  void require_same() const;
  // Throws StatusError{PERFTUNE_REFUSED} when `trust` forbids to run what it holds.
  void require_trust(perftune_trust trust) const;

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::unique_ptr<sqlite::Database> database_;
};

}  // namespace perftune
