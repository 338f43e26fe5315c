// What `explain` and `export` are asked about: an operator file, or a kernel of the store; and what was measured of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "codegen/tile_program.hpp"
#include "db/kernel_use.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {

struct ExplainedSubject {
  std::vector<OperatorPoint> points;
  std::string program;               // of the kernel; empty for a file
  std::optional<Hardware> hardware;  // that the kernel was made for
};

// An existing file is read as an operator; anything else is taken for a kernel id (or a prefix
// that names one) and looked up in the store. Throws Error{usage} when it is neither.
ExplainedSubject find_subject(const std::string& subject, const std::string& database,
                              const Context& context);

// What the store at `path` knows of an operator on a device. A store that is not there knows nothing; one that cannot be
// read says so once and knows nothing: what is predicted needs no store.
class StoredTimes {
 public:
  StoredTimes(const std::string& path, const Context& context);

  std::optional<ProgramTime> time(const Operator& op, const Hardware& hardware, const TileProgram& program);
  // On a GPU, once it was compiled for it.
  std::optional<Resources> resources(const Operator& op, const Hardware& hardware, const TileProgram& program);
  // Only if it was measured.
  std::optional<WinnerRecord> winner(const Operator& op, const Hardware& hardware);

 private:
  std::optional<Store> store_;
};

}  // namespace perftune
