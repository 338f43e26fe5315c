#include "executor/library/store_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "db/open_to_read.hpp"
#include "db/schema_digest.hpp"
#include "db/store.hpp"
#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

struct stat status_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    refuse(PERFTUNE_STORE_CHANGED, path + ": the store was deleted since it was opened; open it again");
  return info;
}

}  // namespace

std::string why_not_trusted(const std::string& path) {
  const struct stat info = status_of(path);
  if (info.st_uid != ::geteuid() && info.st_uid != 0) return "the store is another user's";
  const bool others = (info.st_mode & S_IWOTH) != 0 || ((info.st_mode & S_IWGRP) != 0 && info.st_gid != ::getegid());
  return others ? "others may write the store" : "";
}

StoreFile::StoreFile(const std::string& path) : path_(sqlite::absolute_path(path)) {
  const sqlite::KnownSchema schema = {sqlite::this_schema().version,
                                      [](sqlite::Database& database) { sqlite::require_schema(database, sqlite::this_schema()); }};
  try {
    database_ = sqlite::open_to_read(path_, StoreOptions{}.busy_seconds, schema, false);
  } catch (const Error& error) {
    refuse(PERFTUNE_BAD_STORE, error.what());
  }
  const struct stat info = status_of(path_);
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

void StoreFile::require_same() const {
  const struct stat info = status_of(path_);
  if (info.st_dev != device_ || info.st_ino != inode_)
    refuse(PERFTUNE_STORE_CHANGED, path_ + ": the store was replaced since it was opened; open it again");
}

void StoreFile::require_trust(perftune_trust trust) const {
  if (trust == PERFTUNE_TRUST_ALL) return;
  if (trust == PERFTUNE_TRUST_NONE)
    refuse(PERFTUNE_REFUSED, path_ + ": a kernel needs the store's binary, and no store is trusted");
  const std::string why_not = why_not_trusted(path_);
  if (!why_not.empty())
    refuse(PERFTUNE_REFUSED, words("{}: {}, so its binaries are not run; open it with PERFTUNE_TRUST_ALL if you trust it", path_, why_not));
}

}  // namespace perftune
