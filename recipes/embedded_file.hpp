// A file that was compiled into the executable (cmake/embed.cmake), so that hardware
// descriptions, the operator library and device headers need nothing on disk.
#pragma once

#include <span>
#include <string_view>

namespace perftune {

struct EmbeddedFile {
  std::string_view path;  // relative to the folder that embedded it
  std::string_view text;
};

}  // namespace perftune
