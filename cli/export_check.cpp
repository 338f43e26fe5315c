#include "cli/export_check.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "executor/oracle.hpp"
#include "executor/random_inputs.hpp"
#include "executor/sampling.hpp"
#include "recipes/error.hpp"
#include "recipes/number_format.hpp"

namespace perftune {
namespace {

constexpr std::size_t distinct_values = 61;       // prime: no row or tile repeats
constexpr std::int64_t checked_elements = 1000;   // per output
constexpr double most_bytes = 8e9;                // of all tensors together
constexpr double most_points = 2e10;              // of the oracle: about a minute

std::vector<std::uint64_t> stored_values(const Tensor& tensor, ValueRange range) {
  std::vector<std::uint64_t> stored;
  for (std::size_t i = 0; i < distinct_values; ++i) {
    double value = range.low + (range.high - range.low) * (static_cast<double>(i) + 0.5) / distinct_values;
    if (!is_floating(tensor.type)) value = std::floor(value);
    std::byte bytes[8] = {};
    encode(tensor.type, value, bytes);
    stored.emplace_back();
    std::memcpy(&stored.back(), bytes, sizeof bytes);
  }
  return stored;
}

std::vector<std::int64_t> tile_of(const Bundle& bundle, const Tensor& tensor) {
  std::vector<std::int64_t> tile(tensor.shape.size(), 0);
  if (tensor.shape.size() >= 2) {
    tile[tensor.shape.size() - 2] = bundle.kernel.program.get("block_m", 0);
    tile.back() = bundle.kernel.program.get("block_n", 0);
  }
  return tile;
}

}  // namespace

void add_check(Bundle& bundle) {
  const Operator& op = bundle.op;
  double bytes = 0;
  for (const Tensor& tensor : op.tensors) bytes += static_cast<double>(tensor.elements()) * 8;
  if (bytes > most_bytes)
    throw Error(ErrorKind::usage, fmt::format("{}: too large to be checked; give a smaller shape with --for", op.name));

  std::vector<std::vector<std::byte>> buffers;
  for (const int slot : op.inputs()) {
    const Tensor& tensor = op.tensors[static_cast<std::size_t>(slot)];
    const DrawnInput input{slot, 0x5eed + static_cast<std::uint64_t>(slot),
                           stored_values(tensor, input_range(op, slot))};
    buffers.emplace_back(static_cast<std::size_t>(tensor.bytes()));
    check::draw(reinterpret_cast<unsigned char*>(buffers.back().data()), static_cast<std::size_t>(tensor.elements()),
                size_bytes(tensor.type), input.stored_values.data(), input.stored_values.size(), input.seed);
    bundle.inputs.push_back(input);
  }
  const auto spans = views(buffers);
  Oracle oracle(op, spans);
  for (const int slot : op.outputs()) {
    const Tensor& tensor = op.tensors[static_cast<std::size_t>(slot)];
    const std::int64_t wanted =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(most_points / std::max(1.0, oracle.points_per_element(slot))),
                                 16, checked_elements);
    const auto elements = sample_elements(tensor, 1, wanted, tile_of(bundle, tensor));
    const auto values = oracle.evaluate(slot, elements);
    ExpectedOutput output{slot, {}};
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const ToleratedRange range = stored_range(tensor.type, values[i]);
      output.elements.push_back({elements[i], range.low, range.high});
    }
    bundle.outputs.push_back(std::move(output));
  }
}

}  // namespace perftune
