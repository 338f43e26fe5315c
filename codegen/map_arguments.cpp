#include "codegen/map_arguments.hpp"

#include <bit>
#include <functional>

#include "codegen/scalar_printer.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

// The bits that a kernel takes a constant in (MapPrinter::dimension_constant).
std::int64_t bits_of(double value, DType scalar) {
  if (scalar == DType::f64) return std::bit_cast<std::int64_t>(value);
  if (scalar == DType::i32) return static_cast<std::int64_t>(value);
  return std::bit_cast<std::int32_t>(static_cast<float>(value));
}

}  // namespace

void MapArguments::tensor(int position, bool writes) {
  list_.tensor(words("t{}", position), op_.tensors[static_cast<std::size_t>(position)].type, writes, position);
}

void MapArguments::tensors() {
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

void MapArguments::coefficient(const std::string& prefix, const MapIndex& index, std::size_t axis) {
  scalar(words("{}_c{}", prefix, axis), index.coefficient[axis]);
}

void MapArguments::index(const std::string& prefix, const MapIndex& index, const std::vector<StrideForm>* form) {
  scalar(prefix + "_at", index.offset);
  for (std::size_t a = 0; a < form_.extents.size(); ++a) {
    const bool unit = form != nullptr && (*form)[a] == StrideForm::unit;
    if (index.present[a] && !unit) coefficient(prefix, index, a);
  }
  for (std::size_t i = 0; i < index.atoms.size(); ++i) {
    const std::string name = words("{}_{}", prefix, i);
    this->index(name, index.atoms[i].operand[0]);
    scalar(name + "_by", index.atoms[i].factor);
  }
}

void MapArguments::bounds(const std::string& name, const MapAccess& access) {
  for (std::size_t b = 0; b < access.bounds.size(); ++b) {
    const std::string bound = words("{}_b{}", name, b);
    scalar(bound + "_extent", access.bounds[b].extent);
    index(bound, access.bounds[b].index);
  }
}

void MapArguments::constants(const MapResult& result) {
  visit_scalar(result.value, [&](const Expr& leaf) {
    if (leaf.kind == Expr::Kind::constant && leaf.from_dims)
      scalar(words("k{}", constants_++), bits_of(leaf.value, form_.scalar));
  });
}

void MapArguments::results() {
  for (std::size_t i = 0; i < form_.axis_values.size(); ++i) index(words("v{}", i), form_.axis_values[i]);
  for (std::size_t i = 0; i < form_.results.size(); ++i) {
    const MapAccess& access = form_.results[i].access;
    constants(form_.results[i]);
    index(words("o{}", i), access.offset, &access.form);
  }
}

}  // namespace perftune
