#include "recipes/operator.hpp"

#include <algorithm>

#include "recipes/operator_source.hpp"

namespace perftune {

std::int64_t Tensor::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) product *= extent;
  return product;
}

std::int64_t Tensor::bytes() const {
  return elements() * static_cast<std::int64_t>(size_bytes(type));
}

std::vector<std::int64_t> Tensor::strides() const {
  std::vector<std::int64_t> result(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) result[i - 1] = result[i] * shape[i];
  return result;
}

namespace {

std::vector<int> with_role(const std::vector<Tensor>& tensors, Tensor::Role role) {
  std::vector<int> positions;
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].role == role) positions.push_back(static_cast<int>(i));
  return positions;
}

}  // namespace

std::vector<int> Operator::inputs() const { return with_role(tensors, Tensor::Role::input); }
std::vector<int> Operator::outputs() const { return with_role(tensors, Tensor::Role::output); }

Dims Operator::base_dims() const {
  Dims base;
  if (source)
    for (const auto& dim : source->dims) base[dim.name] = dims.at(dim.name);
  return base;
}

Operator Operator::rebind(const Dims& base) const {
  if (!source) throw Error(ErrorKind::internal, "this operator was not read from a file");
  Dims merged = base_dims();
  for (const auto& [dim, extent] : base) merged[dim] = extent;
  return bind(source, merged);
}

}  // namespace perftune
