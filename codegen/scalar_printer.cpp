#include "codegen/scalar_printer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <utility>

#include "codegen/integer_values.hpp"

namespace perftune {
namespace {

// Binding strength of a printed text; a larger one binds tighter.
enum Strength { additive = 1, multiplicative = 2, unary = 3, primary = 4 };

struct Text {
  std::string text;
  Strength strength = primary;
  bool mask = false;  // a comparison: M, not T
};

const char* comparison_name(Function f) {
  switch (f) {
    case Function::less:
      return "less";
    case Function::less_equal:
      return "less_equal";
    case Function::greater:
      return "greater";
    case Function::greater_equal:
      return "greater_equal";
    case Function::equal:
      return "equal";
    case Function::not_equal:
      return "not_equal";
    default:
      std::abort();
  }
}

const char* call_name(Function f) {
  switch (f) {
    case Function::minimum:
      return "minimum";
    case Function::maximum:
      return "maximum";
    case Function::abs:
      return "abs";
    case Function::exp:
      return "exp";
    case Function::log:
      return "log";
    case Function::sqrt:
      return "sqrt";
    case Function::rsqrt:
      return "rsqrt";
    case Function::tanh:
      return "tanh";
    case Function::erf:
      return "erf";
    case Function::sigmoid:
      return "sigmoid";
    case Function::relu:
      return "relu";
    case Function::gelu:
      return "gelu";
    case Function::silu:
      return "silu";
    case Function::pow:
      return "pow";
    default:
      std::abort();
  }
}

class Printer {
 public:
  explicit Printer(const std::vector<ExprPtr>& reads, LeafPrinter leaf = {})
      : reads_(reads), leaf_(std::move(leaf)) {}

  Text number(const ExprPtr& e) const {
    Text t = print(e);
    if (!t.mask) return t;
    return {fmt::format("pt::select({}, pt::splat<T>(1.0), pt::splat<T>(0.0))", t.text)};
  }

 private:
  std::string at_least(const ExprPtr& e, Strength strength) const {
    const Text t = number(e);
    return t.strength >= strength ? t.text : "(" + t.text + ")";
  }

  // Floating addition is not associative: an equally strong right operand keeps its parentheses.
  Text infix(const Expr& e, char symbol, Strength strength) const {
    const auto above = static_cast<Strength>(strength + 1);
    const std::string right = at_least(e.args[1], above);  // first, as visit_scalar
    return {fmt::format("{} {} {}", at_least(e.args[0], strength), symbol, right), strength};
  }

  std::string mask(const ExprPtr& e) const {
    const Text t = print(e);
    return t.mask ? t.text : fmt::format("pt::not_equal({}, pt::splat<T>(0.0))", t.text);
  }

  Text apply(const Expr& e) const {
    switch (e.function) {
      case Function::add:
        return infix(e, '+', additive);
      case Function::subtract:
        return infix(e, '-', additive);
      case Function::multiply:
        return infix(e, '*', multiplicative);
      case Function::divide:
        return infix(e, '/', multiplicative);
      case Function::negate:
        return {"-" + at_least(e.args[0], primary), unary};
      case Function::select: {
        const std::string third = number(e.args[2]).text, second = number(e.args[1]).text;
        return {fmt::format("pt::select({}, {}, {})", mask(e.args[0]), second, third)};
      }
      case Function::cast:
        return {fmt::format("pt::round_to<{}>({})", device_type(e.type), number(e.args[0]).text)};
      default:
        break;
    }
    const bool compares = is_comparison(e.function);
    std::string text =
        fmt::format("pt::{}(", compares ? comparison_name(e.function) : call_name(e.function));
    for (std::size_t i = 0; i < e.args.size(); ++i) {
      if (i > 0) text += ", ";
      text += number(e.args[i]).text;
    }
    return {text + ")", primary, compares};
  }

  Text print(const ExprPtr& e) const {
    if (leaf_ && e->kind != Expr::Kind::apply) {
      if (std::string text = leaf_(*e); !text.empty()) return {std::move(text)};
    }
    switch (e->kind) {
      case Expr::Kind::accumulator:
        return {"acc"};
      case Expr::Kind::constant:
        return {print_constant(e->value), std::isinf(e->value) && e->value < 0 ? unary : primary};
      case Expr::Kind::apply:
        return apply(*e);
      case Expr::Kind::read:
        for (std::size_t i = 0; i < reads_.size(); ++i) {
          if (same(reads_[i], e)) return {fmt::format("e{}", i)};
        }
        std::abort();
      case Expr::Kind::axis:
      case Expr::Kind::reduce:
        break;
    }
    std::abort();
  }

  const std::vector<ExprPtr>& reads_;
  const LeafPrinter leaf_;
};

}  // namespace

std::string print_scalar(const ExprPtr& expr, const std::vector<ExprPtr>& reads) {
  return Printer(reads).number(expr).text;
}

std::string print_scalar(const ExprPtr& expr, const LeafPrinter& leaf) {
  static const std::vector<ExprPtr> no_reads;
  return Printer(no_reads, leaf).number(expr).text;
}

std::string print_constant(double value) {
  if (std::isnan(value)) return "pt::not_a_number<T>()";
  if (std::isinf(value)) return value > 0 ? "pt::infinity<T>()" : "-pt::infinity<T>()";
  std::string digits = fmt::format("{}", value);
  if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
  return fmt::format("pt::splat<T>({})", digits);
}

std::string device_type(DType type) {
  switch (type) {
    case DType::f64:
      return "pt::f64";
    case DType::f32:
      return "pt::f32";
    case DType::tf32:
      return "pt::tf32";
    case DType::f16:
      return "pt::f16";
    case DType::bf16:
      return "pt::bf16";
    case DType::f8e4m3:
      return "pt::f8e4m3";
    case DType::f8e5m2:
      return "pt::f8e5m2";
    case DType::i32:
      return "pt::i32";
    case DType::i8:
      return "pt::i8";
    case DType::u8:
      return "pt::u8";
    case DType::boolean:
      return "pt::boolean";
  }
  std::abort();
}

}  // namespace perftune
