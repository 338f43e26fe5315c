#include "executor/library/nearest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "recipes/stable_order.hpp"

namespace perftune {
namespace {

double output_elements(const Operator& op) {
  double elements = 0;
  for (const int t : op.outputs()) elements += static_cast<double>(op.tensors[static_cast<std::size_t>(t)].elements());
  return elements;
}

// Blocks that run at a time are a guess of one per unit: what is compared is one program with itself.
double waves(const Launch& launch, const Hardware& hardware) {
  const double blocks = static_cast<double>(launch.grid[0]) * static_cast<double>(launch.grid[1]) *
                        static_cast<double>(launch.grid[2]);
  return std::ceil(blocks / std::max(1, hardware.sms));
}

double roofline(double flops, double bytes, const Operator& op, const Hardware& hardware) {
  double peak = 0;
  for (const Pipe pipe : {Pipe::scalar, Pipe::tensor})
    for (const Tensor& tensor : op.tensors) peak = std::max(peak, hardware.peak_tflops(tensor.type, pipe));
  const double bandwidth = hardware.dram_ceiling_gbps();
  const double arithmetic = peak > 0 ? flops / (peak * 1e12) : flops * 1e-11;
  return std::max(arithmetic, bandwidth > 0 ? bytes / (bandwidth * 1e9) : bytes * 5e-11);
}

}  // namespace

double shape_distance(const Dims& a, const Dims& b) {
  double distance = 0;
  for (const auto& [dim, extent] : a) {
    const auto other = b.find(dim);
    if (other == b.end()) return std::numeric_limits<double>::infinity();
    distance += std::abs(std::log(static_cast<double>(extent) / static_cast<double>(std::max<std::int64_t>(1, other->second))));
  }
  return distance;
}

double estimate_us(const Operator& op, const Relative& relative, const LaunchRules& rules,
                   const TileProgram& program, const Hardware& hardware) {
  const StoredChoice& choice = relative.choice;
  double ratio = roofline(op.flops(), op.compulsory_bytes(), op, hardware) /
                 std::max(1e-15, roofline(choice.flops, choice.bytes, op, hardware));
  Dims there;
  for (const auto& [dim, extent] : op.base_dims())
    if (const auto found = relative.dims.find(dim); found != relative.dims.end()) there[dim] = found->second;
  try {
    const Operator tuned = op.rebind(there);
    const double depth = (op.flops() / output_elements(op)) / std::max(1e-15, tuned.flops() / output_elements(tuned));
    ratio = std::max(ratio, depth * waves(rules.bind(op, program, hardware), hardware) /
                                std::max(1.0, waves(rules.bind(tuned, program, hardware), hardware)));
  } catch (const Error&) {  // of an operator with other dimensions: the roofline alone
  }
  return choice.us * ratio;
}

std::vector<Estimated> estimate_relatives(const Operator& op, const std::vector<Relative>& relatives,
                                          const LaunchRulesList& all_rules, const Hardware& hardware, int most) {
  std::vector<std::pair<double, const Relative*>> near;
  for (const Relative& relative : relatives) near.emplace_back(shape_distance(op.base_dims(), relative.dims), &relative);
  // A heap gives the nearest first, and no more of thousands than are looked at.
  const auto farther = [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second->choice.us, a.second->choice.build) >
           std::tie(b.first, b.second->choice.us, b.second->choice.build);
  };
  std::make_heap(near.begin(), near.end(), farther);
  std::vector<Estimated> legal;
  for (; !near.empty() && static_cast<int>(legal.size()) < most; near.pop_back()) {
    std::pop_heap(near.begin(), near.end(), farther);
    const Relative* const relative = near.back().second;
    const TileProgram program = TileProgram::parse(relative->choice.program);
    const LaunchRules* rules = find_rules(all_rules, program);
    if (rules == nullptr || rules->illegal(op, program, hardware)) continue;
    legal.push_back({relative, estimate_us(op, *relative, *rules, program, hardware)});
  }
  sort_stably(legal.begin(), legal.end(), [](const Estimated& a, const Estimated& b) { return a.us < b.us; });
  return legal;
}

}  // namespace perftune
