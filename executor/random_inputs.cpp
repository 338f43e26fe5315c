#include "executor/random_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <optional>

#include "recipes/number_format.hpp"

namespace perftune {
namespace {

struct Interval {  // of integers, both ends included
  std::int64_t low = 0;
  std::int64_t high = 0;
};

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Interval scaled(Interval x, std::int64_t by) {
  return by >= 0 ? Interval{x.low * by, x.high * by} : Interval{x.high * by, x.low * by};
}

// How each input is used: what its values must keep to.
class Uses {
 public:
  explicit Uses(const Operator& op) : op_(op) {
    for (const Statement& statement : op.statements) {
      statement_ = &statement;
      visit(statement.value);
    }
  }

  ValueRange range(int tensor) const {
    const Tensor& t = op_.tensors[static_cast<std::size_t>(tensor)];
    const auto bounds = index_bounds_.find(tensor);
    if (bounds != index_bounds_.end()) {
      const auto [low, high] = bounds->second;
      if (low > high) {
        throw Error(
            ErrorKind::usage,
            fmt::format("no value of the index tensor {} keeps all its uses in bounds", t.name));
      }
      return {static_cast<double>(low), static_cast<double>(high) + 1};
    }
    if (t.type == DType::boolean) return {0, 2};
    if (t.type == DType::u8) return {0, 64};
    if (!is_floating(t.type)) return {-32, 32};
    const bool positive = std::find(positive_.begin(), positive_.end(), tensor) != positive_.end();
    return positive ? ValueRange{0.5, 1.5} : ValueRange{};
  }

  // A long product of its elements would vanish if most were near zero.
  bool is_multiplied(int tensor) const {
    return std::find(multiplied_.begin(), multiplied_.end(), tensor) != multiplied_.end();
  }

 private:
  void visit(const ExprPtr& e) {
    if (e->kind == Expr::Kind::read) {
      const Tensor& tensor = op_.tensors[static_cast<std::size_t>(e->tensor)];
      for (std::size_t d = 0; d < e->indices.size(); ++d) {
        constrain(e->indices[d], {0, tensor.shape[d] - 1});
      }
    }
    if (e->kind == Expr::Kind::apply) {
      const Function f = e->function;
      if (f == Function::log || f == Function::sqrt || f == Function::rsqrt || f == Function::pow) {
        mark_positive(e->args[0]);
      }
      if (f == Function::divide) mark_positive(e->args[1]);
    }
    if (e->kind == Expr::Kind::reduce && e->reduction == Reduction::product) mark_multiplied(e->args[0]);
    for (const ExprPtr& arg : e->args) visit(arg);
  }

  void mark_multiplied(const ExprPtr& e) {
    if (e->kind == Expr::Kind::read) multiplied_.push_back(e->tensor);
    for (const ExprPtr& arg : e->args) mark_multiplied(arg);
  }

  void mark_positive(const ExprPtr& e) {
    if (e->kind == Expr::Kind::read) positive_.push_back(e->tensor);
    if (e->kind == Expr::Kind::apply && e->function == Function::cast) mark_positive(e->args[0]);
  }

  Interval interval(const Index& index) const {
    Interval sum{index.offset, index.offset};
    for (const Index::Term& term : index.terms) {
      const Interval part = scaled(interval(term), term.coefficient);
      sum = {sum.low + part.low, sum.high + part.high};
    }
    return sum;
  }

  Interval interval(const Index::Term& term) const {
    switch (term.atom) {
      case Index::Atom::axis:
        return {0, statement_->axes[static_cast<std::size_t>(term.axis)].extent - 1};
      case Index::Atom::divide: {
        const Interval of = interval(term.operands[0]);
        return {floor_divide(of.low, term.divisor), floor_divide(of.high, term.divisor)};
      }
      case Index::Atom::modulo:
        return {0, term.divisor - 1};
      case Index::Atom::load:
        break;
    }
    return {0, 0};  // a loaded value: the one being constrained
  }

  static bool has_load(const Index& index) {
    return std::any_of(index.terms.begin(), index.terms.end(), [](const Index::Term& term) {
      return term.atom == Index::Atom::load ||
             (term.atom != Index::Atom::axis && has_load(term.operands[0]));
    });
  }

  // Narrows the index tensors in `index` so that its value stays within `allowed`.
  void constrain(const Index& index, Interval allowed) {
    if (!has_load(index)) return;
    const Interval reach = interval(index);
    for (const Index::Term& term : index.terms) {
      if (term.atom == Index::Atom::axis) continue;
      if (term.atom != Index::Atom::load && !has_load(term.operands[0])) continue;
      const Interval own = scaled(interval(term), term.coefficient);
      const Interval left{allowed.low - (reach.low - own.low),
                          allowed.high - (reach.high - own.high)};
      constrain(term, scaled_down(left, term.coefficient));
    }
  }

  void constrain(const Index::Term& term, Interval allowed) {
    if (term.atom == Index::Atom::divide) {
      constrain(term.operands[0],
                {allowed.low * term.divisor, allowed.high * term.divisor + term.divisor - 1});
    } else if (term.atom == Index::Atom::modulo) {
      constrain(term.operands[0], {0, term.divisor - 1});
    } else if (term.atom == Index::Atom::load) {
      const auto [it, fresh] = index_bounds_.try_emplace(term.tensor, allowed);
      if (!fresh) {
        it->second = {std::max(it->second.low, allowed.low),
                      std::min(it->second.high, allowed.high)};
      }
    }
  }

  // Integers x with by * x in `of`.
  static Interval scaled_down(Interval of, std::int64_t by) {
    if (by < 0) return scaled_down({-of.high, -of.low}, -by);
    return {-floor_divide(-of.low, by), floor_divide(of.high, by)};
  }

  const Operator& op_;
  const Statement* statement_ = nullptr;
  std::map<int, Interval> index_bounds_;
  std::vector<int> positive_;
  std::vector<int> multiplied_;
};

// SplitMix64 (Steele, Lea, Flood 2014): one multiply chain per draw, any state is a good seed.
std::uint64_t next(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// The mean of four uniform draws in [0, 1): a bell as weights and activations have it, with tails that end.
// Sixteen bits of each choose the place, a draw of its own all lower bits of the mantissa.
double bell(std::uint64_t& state) {
  const std::uint64_t z = next(state);
  const std::uint64_t sum = (z & 0xffff) + (z >> 16 & 0xffff) + (z >> 32 & 0xffff) + (z >> 48);
  const double below = static_cast<double>(next(state) >> 11) * 0x1p-53;
  return (static_cast<double>(sum) + below) * 0x1p-18;
}

std::vector<std::byte> draw(const Tensor& tensor, ValueRange range, bool flat, std::uint64_t state) {
  const std::int64_t fresh = std::min(tensor.elements(), distinct_elements);
  std::vector<double> values(static_cast<std::size_t>(fresh));
  for (double& value : values) {
    const double unit = flat || !is_floating(tensor.type) ? static_cast<double>(next(state) >> 11) * 0x1p-53 : bell(state);
    value = range.low + (range.high - range.low) * unit;
    if (!is_floating(tensor.type)) value = std::floor(value);
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.bytes()));
  const std::size_t period = values.size() * size_bytes(tensor.type);
  encode(tensor.type, values, std::span(bytes).first(period));
  for (std::size_t at = period; at < bytes.size(); at += period) {
    std::memcpy(bytes.data() + at, bytes.data(), std::min(period, bytes.size() - at));
  }
  return bytes;
}

}  // namespace

std::vector<std::vector<std::byte>> random_inputs(const Operator& op, std::uint64_t seed) {
  const Uses uses(op);
  std::vector<std::vector<std::byte>> buffers;
  for (const int slot : op.inputs()) {
    std::uint64_t state = seed + static_cast<std::uint64_t>(slot) * 0x632be59bd9b4e019;
    next(state);
    buffers.push_back(draw(op.tensors[static_cast<std::size_t>(slot)], uses.range(slot), uses.is_multiplied(slot), state));
  }
  return buffers;
}

ValueRange input_range(const Operator& op, int tensor) { return Uses(op).range(tensor); }

std::vector<std::span<const std::byte>> views(const std::vector<std::vector<std::byte>>& buffers) {
  return {buffers.begin(), buffers.end()};
}

}  // namespace perftune
