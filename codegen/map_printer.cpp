#include "codegen/map_printer.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "codegen/scalar_printer.hpp"

namespace perftune {

MapPrinter::MapPrinter(const MapForm& form, const ArgumentList& arguments, MapStyle style)
    : form_(form), arguments_(arguments), style_(std::move(style)) {}

std::string MapPrinter::pointer(int tensor) const { return fmt::format("p.t{}", tensor); }

std::string MapPrinter::scalar(const std::string& name) const {
  return fmt::format("static_cast<{}>({})", style_.index, arguments_.use(name));
}

std::string MapPrinter::coefficient(const std::string& prefix, std::size_t axis) const {
  return scalar(fmt::format("{}_c{}", prefix, axis));
}

std::string MapPrinter::index(const std::string& prefix, const MapIndex& index,
                              const Coordinate& at, const std::vector<StrideForm>* form) const {
  std::string sum = scalar(prefix + "_at");
  for (std::size_t a = 0; a < form_.extents.size(); ++a) {
    if (!index.present[a]) continue;
    sum += " + " + at(a);
    const bool unit = form != nullptr && (*form)[a] == StrideForm::unit;
    if (!unit) sum += " * " + coefficient(prefix, a);
  }
  for (std::size_t i = 0; i < index.atoms.size(); ++i) {
    const MapIndex::Atom& atom = index.atoms[i];
    const std::string name = fmt::format("{}_{}", prefix, i);
    std::string text = this->index(name, atom.operand[0], at);
    switch (atom.kind) {
      case Index::Atom::divide:
        text = fmt::format("{}({}, {})", style_.quotient, text, atom.divisor);
        break;
      case Index::Atom::modulo:
        text = fmt::format("{}({}, {})", style_.remainder, text, atom.divisor);
        break;
      case Index::Atom::load:
        text = style_.load(pointer(atom.tensor), text);
        break;
      case Index::Atom::axis:
        std::abort();
    }
    sum += fmt::format(" + {} * {}", text, scalar(name + "_by"));
  }
  return sum;
}

std::string MapPrinter::dimension_constant() {
  const std::string bits = arguments_.use(fmt::format("k{}", constants_++));
  if (form_.scalar == DType::f64) return fmt::format("pt::splat<T>(__builtin_bit_cast(double, {}))", bits);
  if (form_.scalar == DType::i32) return fmt::format("pt::splat<T>(static_cast<double>({}))", bits);
  return fmt::format("pt::splat<T>(__builtin_bit_cast(float, static_cast<int>({})))", bits);
}

std::string MapPrinter::value(const MapResult& result,
                              const std::function<std::string(std::size_t)>& read,
                              const std::function<std::string(std::size_t)>& axis_value) {
  return print_scalar(result.value, [&](const Expr& leaf) -> std::string {
    switch (leaf.kind) {
      case Expr::Kind::constant:
        return leaf.from_dims ? dimension_constant() : "";
      case Expr::Kind::axis:
        return axis_value(static_cast<std::size_t>(leaf.axis));
      case Expr::Kind::read:
        for (std::size_t i = 0; i < form_.read_exprs.size(); ++i) {
          const Expr& known = *form_.read_exprs[i];
          if (known.tensor == leaf.tensor && known.indices == leaf.indices) return read(i);
        }
        std::abort();
      default:
        return "";
    }
  });
}

}  // namespace perftune
