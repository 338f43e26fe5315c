#include "models/onnx_array.hpp"

#include <cstring>
#include <fstream>

namespace perftune {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kMostElements = std::int64_t{1} << 34;

// The slice of another file that an external tensor names.
bool read_external(const onnx::TensorProto& proto, const fs::path& folder, Array& into, std::string& wrong) {
  std::string location;
  std::int64_t offset = 0, length = -1;
  try {
    for (const auto& entry : proto.external_data()) {
      if (entry.key() == "location") location = entry.value();
      else if (entry.key() == "offset") offset = std::stoll(entry.value());
      else if (entry.key() == "length") length = std::stoll(entry.value());
    }
  } catch (const std::exception&) {
    wrong = "the offset or length of its external data is no number";
    return false;
  }
  const fs::path inside = fs::path(location).lexically_normal();
  if (location.empty() || inside.is_absolute() || inside.string().starts_with("..")) {
    wrong = "its external data '" + location + "' is not below the model's folder";
    return false;
  }
  const auto bytes = static_cast<std::int64_t>(into.data.size());
  if (offset < 0 || (length >= 0 && length != bytes)) {
    wrong = "its external data has another length than its shape";
    return false;
  }
  const fs::path path = folder / inside;
  std::ifstream in(path, std::ios::binary);
  in.seekg(offset);
  if (!in.read(reinterpret_cast<char*>(into.data.data()), bytes)) {
    wrong = "its external data is missing or too short: " + path.string();
    return false;
  }
  return true;
}

template <class Field>
bool copy_field(const Field& field, Array& into) {
  if (field.size() != into.spec.elements()) return false;
  const ArrayView view = into.view();
  for (int i = 0; i < field.size(); ++i) {
    if (is_floating(view.type()) && size_bytes(view.type()) > 2) write_real(view, i, static_cast<double>(field[i]));
    else if (is_floating(view.type())) {  // halves are kept as bits
      const auto bits = static_cast<std::uint16_t>(field[i]);
      std::memcpy(view.data + 2 * i, &bits, 2);
    } else write_integer(view, i, static_cast<std::int64_t>(field[i]));
  }
  return true;
}

bool read_fields(const onnx::TensorProto& proto, Array& into) {
  switch (into.spec.type) {
    case Element::f32: return copy_field(proto.float_data(), into);
    case Element::f64: return copy_field(proto.double_data(), into);
    case Element::i64: return copy_field(proto.int64_data(), into);
    case Element::u32:
    case Element::u64: return copy_field(proto.uint64_data(), into);
    default: return copy_field(proto.int32_data(), into);
  }
}

}  // namespace

std::optional<Element> element_of(std::int32_t onnx_type) {
  using Proto = onnx::TensorProto;
  switch (onnx_type) {
    case Proto::FLOAT: return Element::f32;
    case Proto::DOUBLE: return Element::f64;
    case Proto::FLOAT16: return Element::f16;
    case Proto::BFLOAT16: return Element::bf16;
    case Proto::INT64: return Element::i64;
    case Proto::INT32: return Element::i32;
    case Proto::INT16: return Element::i16;
    case Proto::INT8: return Element::i8;
    case Proto::UINT64: return Element::u64;
    case Proto::UINT32: return Element::u32;
    case Proto::UINT16: return Element::u16;
    case Proto::UINT8: return Element::u8;
    case Proto::BOOL: return Element::boolean;
    default: return std::nullopt;
  }
}

std::optional<Array> array_of(const onnx::TensorProto& proto, const fs::path& folder, std::string& wrong) {
  ArraySpec spec;
  const auto type = element_of(proto.data_type());
  if (!type) {
    wrong = "its element type is not supported";
    return std::nullopt;
  }
  spec.type = *type;
  std::int64_t product = 1;
  for (const std::int64_t extent : proto.dims()) {
    if (extent < 0 || (extent > 0 && product > kMostElements / extent)) {
      wrong = "its shape is negative or too large";
      return std::nullopt;
    }
    product *= extent;
    spec.shape.push_back(extent);
  }
  const bool external = proto.data_location() == onnx::TensorProto::EXTERNAL;
  // What is not in another file cannot be larger than this one.
  if (!external && product > static_cast<std::int64_t>(proto.ByteSizeLong()) + 64) {
    wrong = "its data are shorter than its shape";
    return std::nullopt;
  }
  Array array(std::move(spec));
  if (external) {
    if (!read_external(proto, folder, array, wrong)) return std::nullopt;
    return array;
  }
  if (proto.has_raw_data()) {
    if (proto.raw_data().size() == array.data.size()) {
      if (!array.data.empty()) std::memcpy(array.data.data(), proto.raw_data().data(), array.data.size());
      return array;
    }
  } else if (read_fields(proto, array)) {
    return array;
  }
  wrong = "its data have another length than its shape";
  return std::nullopt;
}

}  // namespace perftune
