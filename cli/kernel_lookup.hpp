// What `explain` and `export` are asked about: an operator file, or a kernel of the store.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"
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

}  // namespace perftune
