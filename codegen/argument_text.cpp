#include "codegen/argument_text.hpp"

#include <fmt/format.h>

#include "codegen/scalar_printer.hpp"

namespace perftune {

std::string member_text(const ArgumentList& arguments, const char* integer, const char* workspace) {
  std::string text;
  for (const Argument& map : arguments.maps()) text += fmt::format("  pt::TensorMap {};\n", map.name);
  for (const ArgumentList::Pointer& pointer : arguments.pointers()) {
    if (pointer.argument.kind == Argument::Kind::workspace)
      text += fmt::format("  {} {};\n", workspace, pointer.argument.name);
    else
      text += fmt::format("  {}{}* {};\n", pointer.writes ? "" : "const ", device_type(pointer.type), pointer.argument.name);
  }
  for (const std::string& scalar : arguments.scalars()) text += fmt::format("  {} {};\n", integer, scalar);
  return text;
}

}  // namespace perftune
