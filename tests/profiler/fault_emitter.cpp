#include "fault_emitter.hpp"

#include "profiler/worker.hpp"

namespace perftune {
namespace {

// Statements of the entry point; `a` and `c` are the tensors, `n` their length, `calls` counts.
std::string body(PlantedFault fault) {
  const std::string right = "for (long i = 0; i < n; ++i) c[i] = 2 * a[i] + 1;\n";
  switch (fault) {
    case PlantedFault::none:
    case PlantedFault::illegal:
    case PlantedFault::too_much_memory:
      return right;
    case PlantedFault::segv:
      return "*(volatile int*)8 = 1;\n";
    case PlantedFault::division:
      return "volatile int one = 1, zero = 0, quotient = one / zero; c[0] = quotient;\n";
    case PlantedFault::trap:
      return "__builtin_trap();\n";
    case PlantedFault::endless:
      return "for (volatile long i = 0;; i = 0) {}\n";
    case PlantedFault::exits:
      return "_exit(0);\n";
    case PlantedFault::wrong:
      return right + "c[n / 2] += 0.01f;\n";
    case PlantedFault::zeros:
      return "for (long i = 0; i < n; ++i) c[i] = 0;\n";
    case PlantedFault::nan:
      return right + "c[3] = __builtin_nanf(\"\");\n";
    case PlantedFault::partly:
      return "for (long i = 0; i + 1 < n; ++i) c[i] = 2 * a[i] + 1;\n";
    case PlantedFault::changes_input:
      return right + "const_cast<float*>(a)[5] = 0;\n";
    case PlantedFault::writes_before:
      return right + "c[-1] = 7;\n";
    case PlantedFault::writes_after:
      return right + "c[n] = 7;\n";
    case PlantedFault::does_not_compile:
      return "this is no C++;\n";
    case PlantedFault::undefined_symbol:
      return "nobody_defines_this();\n";
    case PlantedFault::compiles_forever:
      return "c[0] = Tree<28, 0>::value;\n";
    case PlantedFault::wrong_after_warmup:
      return right + "if (++calls > 100) c[1] = -c[1];\n";
    case PlantedFault::crashes_after_warmup:
      return right + "if (++calls > 100) __builtin_trap();\n";
    case PlantedFault::drains_memory:
      return "for (;;) *static_cast<volatile char*>(malloc(1 << 26)) = 1;\n";
    case PlantedFault::answers_for_itself:
      return right + "char noise[100] = {'?'}; static_cast<void>(write(" + std::to_string(kWorkerOutput) + ", noise, 100));\n";
  }
  return {};
}

}  // namespace

TileProgram planted(PlantedFault fault, int work) {
  return {"fault", "cpu/simd", {{"fault", static_cast<int>(fault)}, {"work", work}}};
}

Emitter::Reading FaultEmitter::read(const Operator&) const {
  const auto illegal = [](const TileProgram& program,
                          const Hardware&) -> std::optional<std::string> {
    if (program.at("fault") == static_cast<int>(PlantedFault::illegal)) return "made to be illegal";
    return std::nullopt;
  };
  return {illegal, [](const TileProgram&, const Hardware&) { return Resources{}; }};
}

Kernel FaultEmitter::emit(const Operator& op, const TileProgram& program, const Hardware&) const {
  Kernel kernel;
  kernel.language = Kernel::Language::cpp;
  kernel.program = program;
  kernel.entry = "entry";
  kernel.source =
      "#include \"perftune/pool.hpp\"\n"
      "extern \"C\" void _exit(int);\nextern \"C\" void nobody_defines_this();\n"
      "extern \"C\" void* malloc(unsigned long);\nextern \"C\" long write(int, const void*, unsigned long);\n"
      "template <int D, int P> struct Tree { static constexpr long value = "
      "Tree<D - 1, 2 * P>::value + Tree<D - 1, 2 * P + 1>::value; };\n"
      "template <int P> struct Tree<0, P> { static constexpr long value = P; };\n"
      "struct Params { const float* a; float* c; long n; };\n"
      "static long calls = 0;\n"
      "extern \"C\" __attribute__((visibility(\"default\"))) void entry(const void* raw, const "
      "PerftunePool*) {\n"
      "  const Params& p = *(const Params*)raw;\n"
      "  const float* const a = p.a; float* const c = p.c; const long n = p.n;\n"
      "  static_cast<void>(calls);\n"
      "  for (volatile int work = 0; work < " +
      std::to_string(program.at("work")) + "; work = work + 1) {\n" +
      body(static_cast<PlantedFault>(program.at("fault"))) + "  }\n}\n";
  kernel.arguments = {{Argument::Kind::tensor, op.inputs()[0], "a"},
                      {Argument::Kind::tensor, op.outputs()[0], "c"},
                      {Argument::Kind::scalar, -1, "n"}};
  return kernel;
}

Launch FaultEmitter::bind(const Operator& op, const TileProgram& program, const Hardware&) const {
  Launch launch;
  if (program.at("fault") == static_cast<int>(PlantedFault::too_much_memory)) launch.workspace_bytes = std::int64_t{1} << 40;
  launch.scalars = {op.tensors[static_cast<std::size_t>(op.inputs()[0])].elements()};
  return launch;
}

Operator FaultEmitter::shrink(const Operator& op, const TileProgram&) const { return op; }

}  // namespace perftune
