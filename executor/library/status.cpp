#include "executor/library/status.hpp"

namespace perftune {

void refuse(perftune_status status, std::string_view message) { throw StatusError(status, std::string(message)); }

}  // namespace perftune
