// A libnvrtc.so.13 whose "cubin" is the emulated build of the source, which the fake driver runs as it
// is: with both, whole commands can be tried where there is no GPU. Its log names 32 registers.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "executor/emulated_device.hpp"
#include "executor/host_compiler.hpp"

namespace {

using namespace perftune;  // NOLINT

struct Program {
  std::string source;
  std::string name;
  std::string image;
  std::string log;
};

constexpr std::array kArchs = {75, 80, 86, 89, 90, 100};
constexpr const char* kPtx = "// the fake makes none\n";

int give(const std::string& text, char* into) {
  std::memcpy(into, text.data(), text.size());
  return 0;
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = 0;
  return 0;
}
EXPORT int nvrtcGetNumSupportedArchs(int* count) {
  *count = static_cast<int>(kArchs.size());
  return 0;
}
EXPORT int nvrtcGetSupportedArchs(int* archs) {
  std::ranges::copy(kArchs, archs);
  return 0;
}
EXPORT int nvrtcCreateProgram(Program** program, const char* source, const char* name, int,
                              const char* const*, const char* const*) {
  *program = new Program{source, name, {}, {}};
  return 0;
}
EXPORT int nvrtcDestroyProgram(Program** program) {
  delete *program;
  *program = nullptr;
  return 0;
}
EXPORT int nvrtcCompileProgram(Program* program, int, const char* const*) {
  const auto compiler = HostCompiler::find();
  if (!compiler) return 6;
  Kernel kernel;
  kernel.source = program->source;
  kernel.entry = program->name.substr(0, program->name.find(".cu"));
  Failure failure;
  const auto build = compile_for_emulation(kernel, *compiler, 60, failure);
  if (!build) {
    program->log = failure.detail;
    return 6;
  }
  program->image = build->binary;
  program->log = "ptxas info    : Compiling entry function '" + kernel.entry +
                 "' for 'sm_80'\nptxas info    : Function properties for " + kernel.entry +
                 "\n    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
                 "ptxas info    : Used 32 registers, used 1 barriers\n";
  return 0;
}
EXPORT int nvrtcGetProgramLogSize(Program* program, std::size_t* bytes) {
  *bytes = program->log.size();
  return 0;
}
EXPORT int nvrtcGetProgramLog(Program* program, char* into) { return give(program->log, into); }
EXPORT int nvrtcGetCUBINSize(Program* program, std::size_t* bytes) {
  *bytes = program->image.size();
  return 0;
}
EXPORT int nvrtcGetCUBIN(Program* program, char* into) { return give(program->image, into); }
EXPORT int nvrtcGetPTXSize(Program*, std::size_t* bytes) {
  *bytes = std::strlen(kPtx) + 1;
  return 0;
}
EXPORT int nvrtcGetPTX(Program*, char* into) {
  std::strcpy(into, kPtx);
  return 0;
}
