// The code generator's version: part of every validity key, so that a kernel that another
// generator emitted, or other device headers surrounded, is never taken for today's.
#pragma once

#include <string>

namespace perftune {

// "1-" and 8 hex digits over every device header that sources include. The number rises when
// emitters change the text they print.
std::string codegen_version();

}  // namespace perftune
