// The operator library: recipes/library/*.yaml, compiled into the executable.
#pragma once

#include <string_view>

#include "recipes/embedded_file.hpp"

namespace perftune {

// Null when there is none of that name.
const EmbeddedFile* find_library_file(std::string_view name);

}  // namespace perftune
