// The one exception type. A user's mistake or the environment's failure is an Error, thrown
// where it is found and caught once, in cli/main.cpp. A candidate's failure is a value
// (db/outcome.hpp), and a bug aborts.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace perftune {

// Each kind maps to one documented exit code.
enum class ErrorKind {
  internal = 1,      // a broken promise of ours
  usage = 2,         // bad arguments or a bad file
  unavailable = 3,   // no device, no compiler, no toolkit
  no_candidate = 4,  // nothing valid could be constructed, or everything failed
  store = 5,         // the database is unreadable, newer, locked or full
  budget = 6,        // the budget ended early; partial results were kept
  interrupted = 130, // Ctrl-C; finished outcomes were kept
};

// Where in a text something is wrong. Lines and columns count from 1; 0 means unknown.
struct SourceLocation {
  std::string file;
  int line = 0;
  int column = 0;
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  // "file:line:column: what; right" with `right` saying what would be right (may be empty).
  static Error at(const SourceLocation& where, std::string_view what, std::string_view right = {});

  ErrorKind kind() const { return kind_; }
  int exit_code() const { return static_cast<int>(kind_); }

 private:
  ErrorKind kind_;
};

}  // namespace perftune
