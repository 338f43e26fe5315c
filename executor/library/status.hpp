// How the library says what went wrong: a status of perftune.h with one line of words. Thrown where
// nothing is launched yet; launching returns it as a value.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "executor/perftune.h"

namespace perftune {

struct Refusal {
  perftune_status status = PERFTUNE_INTERNAL;
  std::string message;
};

class StatusError : public std::runtime_error {
 public:
  StatusError(perftune_status status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  explicit StatusError(const Refusal& refusal) : StatusError(refusal.status, refusal.message) {}
  perftune_status status() const { return status_; }

 private:
  perftune_status status_;
};

// Throws one; a function, as there are forty places that do.
[[noreturn]] void refuse(perftune_status status, std::string_view message);

}  // namespace perftune
