#include "executor/library/tensor_check.hpp"

#include <algorithm>

#include "recipes/operator_source.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr int kPinnedHost = 3, kManaged = 13;  // DLDeviceType

struct Code {
  int code, bits;
};

// DLDataTypeCode and width; a second way for types that older writers name otherwise.
bool is_type(const perftune_tensor& tensor, DType type) {
  const auto is = [&](Code c) { return tensor.dtype.code == c.code && tensor.dtype.bits == c.bits; };
  if (tensor.dtype.lanes > 1) return false;
  switch (type) {
    case DType::f64: return is({2, 64});
    case DType::f32:
    case DType::tf32: return is({2, 32});
    case DType::f16: return is({2, 16});
    case DType::bf16: return is({4, 16});
    case DType::f8e4m3: return is({10, 8}) || is({1, 8});
    case DType::f8e5m2: return is({12, 8}) || is({1, 8});
    case DType::i32: return is({0, 32});
    case DType::i8: return is({0, 8});
    case DType::u8: return is({1, 8});
    case DType::boolean: return is({6, 8}) || is({1, 8});
  }
  return false;
}

std::string type_text(const perftune_tensor& tensor) {
  static constexpr const char* kWords[] = {"int", "uint", "float", "handle", "bfloat", "complex", "bool"};
  const int code = tensor.dtype.code;
  return words("{}{}", code < 7 ? kWords[code] : words("type {} of ", code).c_str(),
                     int{tensor.dtype.bits});
}

std::span<const std::int64_t> shape_of(const perftune_tensor& tensor) {
  return {tensor.shape, static_cast<std::size_t>(std::max(0, tensor.ndim))};
}

bool compact(const perftune_tensor& tensor) {
  if (tensor.strides == nullptr) return true;
  std::int64_t step = 1;
  for (int d = tensor.ndim; d-- > 0;) {
    if (tensor.shape[d] != 1 && tensor.strides[d] != step) return false;
    step *= tensor.shape[d];
  }
  return true;
}

bool on_device(const perftune_tensor& tensor, const TensorRules& rules) {
  if (rules.device == PERFTUNE_CPU) return tensor.device.type == PERFTUNE_CPU || tensor.device.type == kPinnedHost;
  return (tensor.device.type == PERFTUNE_CUDA && tensor.device.id == rules.ordinal) ||
         tensor.device.type == kManaged;
}

std::string device_text(int type, int id) {
  if (type == PERFTUNE_CPU) return "the CPU";
  return type == PERFTUNE_CUDA ? words("CUDA device {}", id) : words("device type {}", type);
}

std::optional<Refusal> check_one(const Tensor& wanted, TensorArgument given, std::size_t index,
                                 const TensorRules& rules, std::uint64_t& address) {
  const auto refuse = [&](perftune_status status, const std::string& what) {
    return Refusal{status, words("tensor {} ('{}'): {}", index, wanted.name, what)};
  };
  if (given == nullptr) return refuse(PERFTUNE_BAD_ARGUMENT, "a null pointer");
  if (given->ndim < 0 || (given->ndim > 0 && given->shape == nullptr))
    return refuse(PERFTUNE_BAD_SHAPE, "no shape");
  if (!is_type(*given, wanted.type))
    return refuse(PERFTUNE_BAD_SHAPE, words("{} given, {} taken", type_text(*given), name(wanted.type)));
  if (!std::ranges::equal(shape_of(*given), wanted.shape))
    return refuse(PERFTUNE_BAD_SHAPE, words("shape [{}] given, [{}] taken", joined(shape_of(*given), ", "),
                                                  joined(wanted.shape, ", ")));
  if (!compact(*given)) return refuse(PERFTUNE_BAD_SHAPE, "strides given, a compact row-major tensor taken");
  if (!on_device(*given, rules))
    return refuse(PERFTUNE_WRONG_DEVICE, words("it lies on {}, the kernel runs on {}",
                                                     device_text(given->device.type, given->device.id),
                                                     device_text(rules.device, rules.ordinal)));
  if (given->data == nullptr) return refuse(PERFTUNE_BAD_ARGUMENT, "no data");
  address = reinterpret_cast<std::uintptr_t>(given->data) + given->byte_offset;
  const std::uint64_t alignment = rules.alignment(wanted.type);
  if (address % alignment != 0)
    return refuse(PERFTUNE_MISALIGNED, words("its address is no multiple of {} bytes", alignment));
  return std::nullopt;
}

}  // namespace

std::vector<int> argument_order(const Operator& op) {
  std::vector<int> order = op.inputs();
  const std::vector<int> outputs = op.outputs();
  order.insert(order.end(), outputs.begin(), outputs.end());
  return order;
}

std::optional<Refusal> check_tensors(const Operator& op, std::span<const int> order,
                                     std::span<const TensorArgument> tensors, const TensorRules& rules,
                                     std::vector<std::uint64_t>& addresses) {
  if (tensors.size() != order.size())
    return Refusal{PERFTUNE_BAD_SHAPE,
                   words("{} tensors given, {} taken by {} (inputs in file order, then outputs)",
                               tensors.size(), order.size(), op.name)};
  addresses.assign(order.size(), 0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Tensor& wanted = op.tensors[static_cast<std::size_t>(order[i])];
    if (auto wrong = check_one(wanted, tensors[i], i, rules, addresses[i])) return wrong;
  }
  const auto bytes = [&](std::size_t i) {
    return static_cast<std::uint64_t>(op.tensors[static_cast<std::size_t>(order[i])].bytes());
  };
  for (std::size_t out = op.inputs().size(); out < order.size(); ++out)
    for (std::size_t other = 0; other < order.size(); ++other) {
      if (other == out || addresses[out] + bytes(out) <= addresses[other] ||
          addresses[other] + bytes(other) <= addresses[out])
        continue;
      return Refusal{PERFTUNE_OVERLAP,
                     words("tensor {} ('{}') overlaps tensor {} ('{}')", out,
                                 op.tensors[static_cast<std::size_t>(order[out])].name, other,
                                 op.tensors[static_cast<std::size_t>(order[other])].name)};
    }
  return std::nullopt;
}

bool same_kind(const Operator& op, std::span<const TensorArgument> tensors) {
  const std::vector<int> order = argument_order(op);
  if (tensors.size() != order.size() && tensors.size() != op.inputs().size()) return false;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& wanted = op.tensors[static_cast<std::size_t>(order[i])];
    if (tensors[i] == nullptr || static_cast<std::size_t>(std::max(0, tensors[i]->ndim)) != wanted.shape.size() ||
        (tensors[i]->ndim > 0 && tensors[i]->shape == nullptr) || !is_type(*tensors[i], wanted.type))
      return false;
  }
  return true;
}

std::string dims_words(const Dims& dims) {
  std::string text;
  for (const auto& [dim, extent] : dims) text += words("{}{}={}", text.empty() ? "" : " ", dim, extent);
  return text;
}

std::optional<Refusal> read_dims(const Operator& op, std::span<const TensorArgument> tensors, Dims& dims) {
  const std::vector<int> order = argument_order(op);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = op.tensors[static_cast<std::size_t>(order[i])];
    const auto& declared = op.source->tensors;
    const auto found = std::ranges::find(declared, tensor.name, &OperatorSource::TensorDeclaration::name);
    if (found == declared.end()) continue;
    for (std::size_t d = 0; d < found->extents.size(); ++d) {
      const Syntax& extent = found->extents[d];
      if (extent.kind != Syntax::Kind::word || !op.base_dims().contains(extent.text)) continue;
      const std::int64_t value = tensors[i]->shape[d];
      const auto [known, fresh] = dims.emplace(extent.text, value);
      if (!fresh && known->second != value)
        return Refusal{PERFTUNE_BAD_SHAPE, words("tensor {} ('{}'): its dimension {} makes '{}' {}, elsewhere it is {}",
                                                       i, tensor.name, d, extent.text, value, known->second)};
    }
  }
  return std::nullopt;
}

}  // namespace perftune
