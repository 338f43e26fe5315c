// Writes the code generator's version as a function: the shipped library knows it without the device headers
// that it is made of.
#include <cstdio>

#include "codegen/version.hpp"

int main(int count, char** words) {
  std::FILE* file = count == 2 ? std::fopen(words[1], "w") : nullptr;
  if (file == nullptr) return 1;
  std::fprintf(file,
               "#include \"codegen/version.hpp\"\n\nnamespace perftune {\n\n"
               "std::string codegen_version() { return \"%s\"; }\n\n}  // namespace perftune\n",
               perftune::codegen_version().c_str());
  return std::fclose(file) == 0 ? 0 : 1;
}
