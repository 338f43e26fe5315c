#include "combination.hpp"

#include <fmt/format.h>

#include <random>
#include <span>
#include <vector>

#include "executor/emulated_device.hpp"
#include "executor/verification.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"

namespace perftune::bench {
namespace {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed * 0x9e3779b97f4a7c15ULL + 1) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  template <std::size_t N>
  const char* one_of(const char* const (&list)[N]) {
    return list[below(static_cast<int>(N))];
  }

 private:
  std::mt19937_64 engine_;
};

constexpr const char* kGpus[] = {"t4", "a100", "l4", "b200", "h100", "h200", "h100", "h200"};
constexpr const char* kScalarTypes[] = {"f32", "f16", "bf16", "f64", "i8"};
constexpr const char* kTensorTypes[] = {"f16", "bf16", "f16", "bf16", "tf32", "f8e4m3", "f8e5m2", "i8", "u8"};
constexpr const char* kLayoutsA[] = {"m,k", "k,m"};
constexpr const char* kLayoutsB[] = {"k,n", "n,k"};

int extent(Random& random, int most, bool small) {
  const int value = 1 + random.below(small && random.chance(25) ? 16 : most);
  if (random.chance(65)) return (value + 15) / 16 * 16;
  return random.chance(50) ? (value + 7) / 8 * 8 : value;
}

// A matmul with whatever else may surround it.
std::string operator_text(Random& random, bool scalar) {
  const std::string type = scalar ? random.one_of(kScalarTypes) : random.one_of(kTensorTypes);
  const bool integers = type == "i8" || type == "u8";
  const bool batched = random.chance(20);
  const std::string g = batched ? "g," : "";
  const std::string a = g + random.one_of(kLayoutsA);
  const std::string b = (random.chance(80) ? g : "") + random.one_of(kLayoutsB);
  const std::string out = type == "f64"          ? "f64"
                          : integers             ? "i32"
                          : random.chance(50)    ? "f32"
                          : type.starts_with("f8") ? "f16"
                          : type == "tf32"       ? "f32"
                                                 : type;
  std::string inputs = fmt::format("A: \"{}[{}]\", B: \"{}[{}]\"", type, a, type, b);
  std::string value = fmt::format("sum[k](A[{}] * B[{}])", a, b);
  if (!integers && random.chance(30)) {
    inputs += ", bias: \"f32[n]\"";
    value = "relu(" + value + " + bias[n])";
  } else if (!integers && random.chance(20)) {
    inputs += fmt::format(", R: \"{}[{}m,n]\"", out, g);
    value = fmt::format("0.5 * {} + R[{}m,n]", value, g);
  }
  return fmt::format(
      "name: sweep\ndims: {{{}m: {}, n: {}, k: {}}}\ninputs: {{{}}}\noutputs: {{C: \"{}[{}m,n]\"}}\n"
      "compute:\n  - C[{}m,n] = {}\n",
      batched ? fmt::format("g: {}, ", 1 + random.below(3)) : "", extent(random, 200, true),
      extent(random, 200, false), extent(random, 480, false), inputs, out, g, g, value);
}

}  // namespace

std::string Combination::text() const {
  const Operator op = parse_operator_text(yaml, "sweep").front().op;
  std::string dims;
  for (const auto& [name, value] : op.dims) dims += fmt::format("{}={} ", name, value);
  const auto at = yaml.find("inputs: ");
  return fmt::format("{} {}{} on {}: {}", dims, yaml.substr(at, yaml.find('\n', at) - at),
                     yaml.substr(yaml.find("C[")), gpu, program.text());
}

Combination draw(std::uint64_t seed, const Slices& slices, const std::string& target) {
  Random random(seed);
  for (;;) {  // until a target takes what was drawn: most do
    Combination drawn;
    drawn.gpu = random.one_of(kGpus);
    const Hardware& hardware = find_hardware(drawn.gpu);
    std::vector<const Slices::Slice*> choices;
    for (const auto* slice : slices.for_hardware(hardware))
      if (slice->constructor->family() == "contraction" &&
          (target.empty() || slice->constructor->target() == target))
        choices.push_back(slice);
    if (choices.empty()) continue;
    // The last are the most special: drawn as often as the others together.
    const auto* slice = random.chance(50) ? choices.back() : choices[static_cast<std::size_t>(random.below(static_cast<int>(choices.size())))];
    drawn.yaml = operator_text(random, slice->constructor->target() == "cuda/simt");
    const Operator op = parse_operator_text(drawn.yaml, "sweep").front().op;
    std::string why_not;
    auto made = slice->constructor->construct(op, hardware, 40, why_not);
    if (made.empty()) continue;
    drawn.program = std::move(made[static_cast<std::size_t>(random.below(static_cast<int>(made.size())))].program);
    return drawn;
  }
}

std::string run(const Combination& combination, const Slices& slices) {
  const Operator op = parse_operator_text(combination.yaml, "sweep").front().op;
  const Hardware& hardware = find_hardware(combination.gpu);
  const Emitter& emitter = *slices.emitters().find(combination.program);
  const auto compiler = HostCompiler::find();
  if (!compiler) return "no host compiler";
  Failure failure;
  const auto compiled = compile_for_emulation(emitter.emit(op, combination.program, hardware),
                                              *compiler, 120, failure);
  if (!compiled) return failure.detail;
  EmulatedDevice device(hardware);
  const auto wrong = verify_on(device, op, *compiled,
                               with_turns(emitter.bind(op, combination.program, hardware)), 11);
  return wrong ? wrong->detail : "";
}

}  // namespace perftune::bench
