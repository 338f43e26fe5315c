#include "executor/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "codegen/contraction.hpp"
#include "executor/random_inputs.hpp"
#include "executor/sampling.hpp"
#include "recipes/number_format.hpp"

namespace perftune {
namespace {

constexpr double sampled_points = 0x1p24;
constexpr double fewest_samples = 256;
constexpr double most_samples = 4096;

// How wrong: 1 is the edge of what rounding explains.
double excess(double got, const Approximate& expected, const ToleratedRange& range) {
  if (std::isnan(expected.value)) {
    return std::isnan(got) ? 0 : std::numeric_limits<double>::infinity();
  }
  if (std::isnan(got)) return std::numeric_limits<double>::infinity();
  if (got >= range.low && got <= range.high) return 0;
  const double allowed = std::max(range.high - expected.value, expected.value - range.low);
  const double ratio =
      std::abs(got - expected.value) / std::max(allowed, std::numeric_limits<double>::min());
  return std::isnan(ratio) ? std::numeric_limits<double>::infinity() : ratio;
}

std::string describe(const Tensor& tensor, std::int64_t element, double got,
                     const Approximate& expected) {
  const ToleratedRange range = stored_range(tensor.type, expected);
  return fmt::format("{} = {:.7g}, expected {:.7g} (tolerance {:.2g})",
                     element_name(tensor, element), got, expected.value,
                     std::max(range.high - expected.value, expected.value - range.low));
}

// The first NaN of a floating tensor; -1: none.
std::int64_t find_nan(const Tensor& tensor, std::span<const std::byte> stored) {
  constexpr std::size_t chunk = 4096;
  std::vector<double> values(chunk);
  const auto elements = static_cast<std::size_t>(tensor.elements());
  const std::size_t width = size_bytes(tensor.type);
  for (std::size_t start = 0; start < elements; start += chunk) {
    const std::span<double> into(values.data(), std::min(chunk, elements - start));
    decode(tensor.type, stored.subspan(start * width, into.size() * width), into);
    const auto nan = std::find_if(into.begin(), into.end(), [](double v) { return std::isnan(v); });
    if (nan != into.end()) return static_cast<std::int64_t>(start) + (nan - into.begin());
  }
  return -1;
}

// The block tile of a program of the contraction family, whatever its target; empty: unknown.
std::vector<std::int64_t> tile_of(const Operator& op, const TileProgram& program) {
  if (program.family != "contraction") return {};
  const Canonicalised canonical = canonicalise_contraction(op);
  if (!canonical.form) return {};
  const Tensor& c = op.tensors[static_cast<std::size_t>(canonical.form->c.tensor)];
  return output_tile(*canonical.form, c, program.get("block_m", 0), program.get("block_n", 0));
}

}  // namespace

std::string element_name(const Tensor& tensor, std::int64_t element) {
  std::string text = tensor.name + "[";
  const std::vector<std::int64_t> strides = tensor.strides();
  for (std::size_t d = 0; d < strides.size(); ++d) {
    if (d > 0) text += ",";
    text += std::to_string(element / strides[d] % tensor.shape[d]);
  }
  return text + "]";
}

std::optional<std::string> compare(const Tensor& tensor, std::span<const std::int64_t> elements,
                                   std::span<const Approximate> expected,
                                   std::span<const std::byte> stored) {
  const std::size_t width = size_bytes(tensor.type);
  std::size_t wrong = 0;
  std::size_t worst = 0;
  double worst_excess = 0;
  bool all_zero = true;
  bool zero_expected = true;
  bool nan_expected = false;
  // What a NaN (0 / 0 of integers) becomes as an integer differs between machines: 0 on a GPU, the least integer on a CPU.
  const bool any_integer = !is_floating(tensor.type);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (any_integer && std::isnan(expected[i].value)) continue;
    const double got =
        decode(tensor.type, stored.data() + static_cast<std::size_t>(elements[i]) * width);
    const double by = excess(got, expected[i], stored_range(tensor.type, expected[i]));
    all_zero = all_zero && got == 0;
    zero_expected = zero_expected && round_to(tensor.type, expected[i].value) == 0;
    nan_expected = nan_expected || std::isnan(expected[i].value);
    if (by > 0) ++wrong;
    if (by > worst_excess) {
      worst_excess = by;
      worst = i;
    }
  }
  if (all_zero && !zero_expected) return fmt::format("{} is zero everywhere", tensor.name);
  if (wrong > 0) {
    const double got =
        decode(tensor.type, stored.data() + static_cast<std::size_t>(elements[worst]) * width);
    return fmt::format("{}; {} of {} elements checked differ",
                       describe(tensor, elements[worst], got, expected[worst]), wrong,
                       elements.size());
  }
  const bool partly = static_cast<std::int64_t>(elements.size()) < tensor.elements();
  if (partly && is_floating(tensor.type) && !nan_expected) {
    const std::int64_t nan = find_nan(tensor, stored);
    if (nan >= 0) {
      return fmt::format("{} is NaN: not written, or computed from what was not",
                         element_name(tensor, nan));
    }
  }
  return std::nullopt;
}

Verifier::Verifier(const Operator& op, std::uint64_t seed)
    : op_(op), seed_(seed), inputs_(random_inputs(op, seed)), oracle_(op, views(inputs_)) {}

std::optional<std::string> Verifier::compare_output(int output, std::span<const std::byte> stored,
                                                    const std::vector<std::int64_t>& tile) {
  const Tensor& tensor = op_.tensors[static_cast<std::size_t>(output)];
  std::vector<std::int64_t> elements;
  std::vector<Approximate> expected;
  if (oracle_.points(output) <= whole_points) {
    elements.resize(static_cast<std::size_t>(tensor.elements()));
    std::iota(elements.begin(), elements.end(), 0);
    expected = oracle_.evaluate(output);
  } else {
    const double count = std::clamp(sampled_points / oracle_.points_per_element(output),
                                    fewest_samples, most_samples);
    elements = sample_elements(tensor, seed_, static_cast<std::int64_t>(count), tile);
    expected = oracle_.evaluate(output, elements);
  }
  return compare(tensor, elements, expected, stored);
}

std::optional<std::string> Verifier::compare_outputs(
    std::span<const std::span<const std::byte>> outputs, const std::vector<std::int64_t>& tile) {
  const std::vector<int> slots = op_.outputs();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (auto wrong = compare_output(slots[i], outputs[i], tile)) return wrong;
  }
  return std::nullopt;
}

std::optional<Failure> Verifier::check(Device& device, const CompiledKernel& kernel,
                                       const Launch& launch,
                                       const std::vector<std::int64_t>& tile) {
  device.load(op_, views(inputs_));
  if (auto failure = device.launch(kernel, launch)) return failure;
  const std::vector<std::int64_t> reach = tile.empty() ? tile_of(op_, kernel.kernel.program) : tile;
  const auto wrong = [](std::string text) {
    return Failure{OutcomeKind::wrong_result, std::move(text)};
  };
  // Before the values: a kernel that writes out of bounds is better told so than by what it hit.
  if (auto violation = device.guard_violation()) return wrong(*violation);

  std::vector<std::byte> stored;
  const std::vector<int> inputs = op_.inputs();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    stored.resize(inputs_[i].size());
    device.read(inputs[i], stored);
    if (stored != inputs_[i]) {
      return wrong(fmt::format("the kernel changed its input {}",
                               op_.tensors[static_cast<std::size_t>(inputs[i])].name));
    }
  }
  for (const int output : op_.outputs()) {
    stored.resize(static_cast<std::size_t>(op_.tensors[static_cast<std::size_t>(output)].bytes()));
    device.read(output, stored);
    if (auto differs = compare_output(output, stored, reach)) return wrong(*differs);
  }
  return std::nullopt;
}

std::optional<Failure> verify_on(Device& device, const Operator& op, const CompiledKernel& kernel,
                                 const Launch& launch, std::uint64_t seed,
                                 const std::vector<std::int64_t>& tile) {
  return Verifier(op, seed).check(device, kernel, launch, tile);
}

}  // namespace perftune
