#include "codegen/map_printer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "codegen/scalar_printer.hpp"

namespace perftune {

MapPrinter::MapPrinter(const Operator& op, const MapForm& form, ArgumentList& arguments,
                       MapStyle style)
    : op_(op), form_(form), arguments_(arguments), style_(std::move(style)) {}

void MapPrinter::tensor(int position, bool writes) {
  if (std::find(known_.begin(), known_.end(), position) != known_.end()) return;
  known_.push_back(position);
  const std::string element = device_type(op_.tensors[static_cast<std::size_t>(position)].type);
  arguments_.tensor(fmt::format("t{}", position), fmt::format("{}{}*", writes ? "" : "const ", element),
                    position);
}

void MapPrinter::tensors() {
  for (const MapResult& result : form_.results) tensor(result.access.tensor, true);
  for (const MapAccess& read : form_.reads) tensor(read.tensor, false);
  const std::function<void(const MapIndex&)> loads = [&](const MapIndex& index) {
    for (const MapIndex::Atom& atom : index.atoms) {
      if (atom.kind == Index::Atom::load) tensor(atom.tensor, false);
      loads(atom.operand[0]);
    }
  };
  for (const MapAccess& read : form_.reads) {
    loads(read.offset);
    for (const MapAccess::Bound& bound : read.bounds) loads(bound.index);
  }
  for (const MapIndex& value : form_.axis_values) loads(value);
}

std::string MapPrinter::pointer(int tensor) const { return fmt::format("p.t{}", tensor); }

std::string MapPrinter::scalar(const std::string& name, std::int64_t value) {
  return fmt::format("static_cast<{}>({})", style_.index, arguments_.scalar(name, value));
}

std::string MapPrinter::coefficient(const std::string& prefix, const MapIndex& index,
                                    std::size_t axis) {
  return scalar(fmt::format("{}_c{}", prefix, axis), index.coefficient[axis]);
}

std::string MapPrinter::index(const std::string& prefix, const MapIndex& index,
                              const Coordinate& at, const std::vector<StrideForm>* form,
                              int without) {
  std::string sum = scalar(prefix + "_at", index.offset);
  for (std::size_t a = 0; a < form_.extents.size(); ++a) {
    if (!index.present[a] || static_cast<int>(a) == without) continue;
    sum += " + " + at(a);
    const bool unit = form != nullptr && (*form)[a] == StrideForm::unit;
    if (!unit) sum += " * " + coefficient(prefix, index, a);
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
    sum += fmt::format(" + {} * {}", text, scalar(name + "_by", atom.factor));
  }
  return sum;
}

std::string MapPrinter::dimension_constant(double value) {
  const std::string name = fmt::format("k{}", constants_++);
  switch (form_.scalar) {
    case DType::f64:
      return fmt::format("pt::splat<T>(__builtin_bit_cast(double, {}))",
                         arguments_.scalar(name, std::bit_cast<std::int64_t>(value)));
    case DType::i32:
      return fmt::format("pt::splat<T>(static_cast<double>({}))",
                         arguments_.scalar(name, static_cast<std::int64_t>(value)));
    default:
      return fmt::format(
          "pt::splat<T>(__builtin_bit_cast(float, static_cast<int>({})))",
          arguments_.scalar(name, std::bit_cast<std::int32_t>(static_cast<float>(value))));
  }
}

std::string MapPrinter::value(const MapResult& result,
                              const std::function<std::string(std::size_t)>& read,
                              const std::function<std::string(std::size_t)>& axis_value) {
  return print_scalar(result.value, [&](const Expr& leaf) -> std::string {
    switch (leaf.kind) {
      case Expr::Kind::constant:
        return leaf.from_dims ? dimension_constant(leaf.value) : "";
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
