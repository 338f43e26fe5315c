#include "tests/families/kernel_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "codegen/cpu/headers.hpp"
#include "executor/host_compiler.hpp"

namespace perftune::testing {
namespace {

// Lines for the preprocessor go to the top, once; the rest into a namespace.
struct Pieces {
  std::set<std::string> directives;
  std::string text;
};

void add(Pieces& pieces, CompiledKernel& kernel, std::size_t number) {
  const std::string entry = fmt::format("{}_{}", kernel.kernel.entry, number);
  pieces.text += fmt::format("namespace kernel{} {{\n", number);
  std::istringstream lines(kernel.kernel.source);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#include")) {
      pieces.directives.insert(line);
      continue;
    }
    if (line.starts_with("#define")) continue;  // how far to unroll: once for the batch
    if (const auto at = line.find(kernel.kernel.entry + "("); at != std::string::npos)
      line.replace(at, kernel.kernel.entry.size(), entry);
    pieces.text += line + "\n";
  }
  pieces.text += "}\n";
  kernel.kernel.entry = entry;
}

}  // namespace

std::string compile_batch(const std::vector<CompiledKernel*>& kernels, const Hardware& hardware) {
  static const auto compiler = HostCompiler::find();
  if (!compiler) return "no host compiler";
  Pieces pieces;
  for (std::size_t i = 0; i < kernels.size(); ++i) add(pieces, *kernels[i], i);
  std::string source = "#define PT_UNROLL_STEPS _Pragma(\"GCC unroll 2\")\n";
  for (const std::string& directive : pieces.directives) source += directive + "\n";
  source += pieces.text;
  std::vector<std::string> flags = cpu_compile_flags(hardware.cpu.isa);
  std::replace(flags.begin(), flags.end(), std::string("-O3"), std::string("-O1"));
  const auto result = compiler->compile(source, cpu_device_headers(), flags, 300);
  if (!result.ok) return result.log.substr(0, 3000);
  for (CompiledKernel* kernel : kernels) kernel->binary = result.binary;
  return {};
}

}  // namespace perftune::testing
