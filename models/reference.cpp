#include "models/reference.hpp"

#include "recipes/error.hpp"

namespace perftune {

void OpCall::fail(const std::string& what) const { throw Error(ErrorKind::usage, node->label() + ": " + what); }

const ArrayView& OpCall::in(std::size_t i) const {
  if (!has(i)) fail("input " + std::to_string(i) + " is missing");
  return inputs[i];
}

bool OpCall::known(std::size_t i) const {
  return !has(i) || inputs[i].data != nullptr || inputs[i].elements() == 0;
}

std::vector<std::int64_t> OpCall::ints(std::size_t i) const { return integers(in(i)); }

std::vector<std::int64_t> OpCall::ints_or(std::size_t i, const std::string& attribute,
                                          std::vector<std::int64_t> otherwise) const {
  return has(i) ? ints(i) : node->list(attribute, std::move(otherwise));
}

std::int64_t OpCall::axis(std::int64_t value, std::size_t rank) const {
  const auto dims = static_cast<std::int64_t>(rank);
  if (value < -dims || value >= dims)
    fail("axis " + std::to_string(value) + " of an array with " + std::to_string(rank) + " dimensions");
  return value < 0 ? value + dims : value;
}

const ReferenceOps& reference_ops() {
  static const ReferenceOps ops = [] {
    ReferenceOps all;
    add_elementwise(all);
    add_layout(all);
    add_indexing(all);
    add_reductions(all);
    add_products(all);
    add_windows(all);
    add_resize(all);
    add_recurrent(all);
    add_generators(all);
    add_internal(all);
    return all;
  }();
  return ops;
}

void for_each_point(const Shape& shape, const std::vector<Shape>& strides,
                    const std::function<void(std::int64_t, const std::vector<std::int64_t>&)>& f) {
  const std::int64_t count = elements_of(shape);
  std::vector<std::int64_t> offsets(strides.size(), 0);
  Shape at(shape.size(), 0);
  for (std::int64_t i = 0; i < count; ++i) {
    f(i, offsets);
    for (std::size_t d = shape.size(); d-- > 0;) {
      for (std::size_t s = 0; s < strides.size(); ++s) offsets[s] += strides[s][d];
      if (++at[d] < shape[d]) break;
      for (std::size_t s = 0; s < strides.size(); ++s) offsets[s] -= strides[s][d] * shape[d];
      at[d] = 0;
    }
  }
}

Shape broadcast_strides(const Shape& from, const Shape& to) {
  const Shape own = row_major_strides(from);
  Shape strides(to.size(), 0);
  for (std::size_t i = 0; i < from.size(); ++i)
    if (from[from.size() - 1 - i] != 1) strides[to.size() - 1 - i] = own[from.size() - 1 - i];
  return strides;
}

}  // namespace perftune
