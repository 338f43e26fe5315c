// Tuning results of other tools into a store and out of it: `perftune db import` and `db export`.
//
// An imported configuration becomes a kernel without source (language "imported", its parameters as
// the program), its kernel an operator of family "imported"; the best one is set as the winner.
// Importing the same file again changes nothing. One transaction each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/store.hpp"
#include "db/tuning_file.hpp"

namespace perftune {

// The text of `path`, unpacked when it is gzipped. Error{usage} when unreadable, truncated or more
// than 1 GiB unpacked.
std::string read_maybe_gzip(const std::string& path);

struct ImportOptions {
  std::string device{};  // replaces the file's; needed for T4 files that do not know it
  std::string kernel{};  // the same for the kernel's name; default: the file's name
};

struct ImportReport {
  TuningFormat format = TuningFormat::kernel_tuner;
  std::string device, kernel;  // the first ones, where a CSV file holds several
  std::int64_t subjects = 0;   // operators, shapes and devices
  std::int64_t configurations = 0;
  std::int64_t valid = 0;    // with a time
  std::int64_t invalid = 0;  // failed, by whatever reason
  std::int64_t added = 0;    // measurements new to the store
};
ImportReport import_file(Store& store, const std::string& path, const ImportOptions& options);

// The latest measurement of every kernel of the one (operator, hardware, policy) that `conditions`
// (query.hpp) leave; Error{usage} when they leave none or several. Pending candidates are left out.
TuningFile export_tuning(Store& store, const std::vector<std::string>& conditions);

}  // namespace perftune
