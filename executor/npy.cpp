#include "executor/npy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "executor/npy_header.hpp"

namespace perftune {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t longest_header = 10'000;  // numpy.lib.format's own max_header_size

// A message may quote the file: whatever is no printable character is shown as '?'.
[[noreturn]] void fail(const std::string& name, std::string what) {
  std::replace_if(
      what.begin(), what.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  throw Error(ErrorKind::usage, fmt::format("{}: {}", name, what));
}

// Bytes per element of "<f4" and the like; nullopt when there are none to tell.
std::optional<std::size_t> element_bytes(std::string_view descr) {
  if (descr.size() < 3) return std::nullopt;
  std::size_t bytes = 0;
  const auto [end, error] = std::from_chars(descr.data() + 2, descr.data() + descr.size(), bytes);
  if (error != std::errc() || end != descr.data() + descr.size()) return std::nullopt;
  return bytes >= 1 && bytes <= 16 ? std::optional(bytes) : std::nullopt;
}

std::vector<std::string_view> accepted(DType type) {  // the first is written
  switch (type) {
    case DType::f64:
      return {"<f8"};
    case DType::f32:
    case DType::tf32:
      return {"<f4"};
    case DType::f16:
      return {"<f2"};
    case DType::bf16:
      return {"<V2", "|V2", "<u2"};
    case DType::f8e4m3:
    case DType::f8e5m2:
      return {"|V1", "<V1", "<f1", "|f1", "|u1"};
    case DType::i32:
      return {"<i4"};
    case DType::i8:
      return {"|i1", "<i1"};
    case DType::u8:
      return {"|u1", "<u1"};
    case DType::boolean:
      return {"|b1", "<b1"};
  }
  return {};
}

// Column-major to row-major.
std::vector<std::byte> to_row_major(std::span<const std::byte> from,
                                    const std::vector<std::int64_t>& shape, std::size_t width) {
  std::vector<std::byte> to(from.size());
  std::vector<std::int64_t> point(shape.size(), 0);
  const std::size_t elements = from.size() / width;
  for (std::size_t at = 0; at < elements; ++at) {
    std::int64_t source = 0;
    for (std::size_t d = shape.size(); d-- > 0;) source = source * shape[d] + point[d];
    std::memcpy(to.data() + at * width, from.data() + static_cast<std::size_t>(source) * width,
                width);
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++point[d] < shape[d]) break;
      point[d] = 0;
    }
  }
  return to;
}

struct Preamble {
  std::size_t header_at = 0;
  std::size_t header_bytes = 0;
};

Preamble read_preamble(std::span<const std::byte> file, const std::string& name) {
  if (file.size() < 10 || std::memcmp(file.data(), magic.data(), magic.size()) != 0) {
    fail(name, "is not a .npy file");
  }
  const auto byte = [&](std::size_t at) { return std::to_integer<std::size_t>(file[at]); };
  const std::size_t version = byte(6);
  if (version < 1 || version > 3) fail(name, fmt::format("has .npy version {}", version));
  Preamble preamble;
  if (version == 1) {
    preamble = {10, byte(8) | byte(9) << 8};
  } else {
    if (file.size() < 12) fail(name, "ends within its header");
    preamble = {12, byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24};
  }
  if (preamble.header_bytes > longest_header) {
    fail(name, fmt::format("has a header of {} bytes, more than {}", preamble.header_bytes,
                           longest_header));
  }
  if (file.size() - preamble.header_at < preamble.header_bytes) {
    fail(name, "ends within its header");
  }
  return preamble;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ","));
}

}  // namespace

NpyArray parse_npy(std::span<const std::byte> file, const std::string& name) {
  const Preamble preamble = read_preamble(file, name);
  NpyHeader header;
  try {
    header = parse_npy_header(
        {reinterpret_cast<const char*>(file.data()) + preamble.header_at, preamble.header_bytes});
  } catch (const std::invalid_argument& wrong) {
    fail(name, wrong.what());
  }
  if (!header.descr.empty() && header.descr[0] == '>') {
    fail(name, fmt::format("is big-endian ({}); little-endian would be right", header.descr));
  }
  const auto width = element_bytes(header.descr);
  if (!width)
    fail(name,
         fmt::format("has elements of type '{}', which are not numbers we read", header.descr));
  const auto body = file.subspan(preamble.header_at + preamble.header_bytes);
  std::int64_t bytes = static_cast<std::int64_t>(*width);
  for (const std::int64_t extent : header.shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) {
      fail(name, fmt::format("has shape {}, more than can be addressed", shape_text(header.shape)));
    }
  }
  if (static_cast<std::size_t>(bytes) != body.size()) {
    fail(name, fmt::format("holds {} bytes of data where shape {} of {} takes {}", body.size(),
                           shape_text(header.shape), header.descr, bytes));
  }
  NpyArray array{header.descr, header.shape, {}};
  if (header.fortran_order && header.shape.size() > 1) {
    array.data = to_row_major(body, header.shape, *width);
  } else {
    array.data.assign(body.begin(), body.end());
  }
  return array;
}

NpyArray read_npy(const std::string& path) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(path, unknown)) fail(path, "is not a file");
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) fail(path, "cannot be opened");
  const std::streamoff size = file.tellg();
  if (size < 0) fail(path, "cannot be read");
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), size)) fail(path, "cannot be read");
  return parse_npy(bytes, path);
}

std::vector<std::byte> tensor_bytes(NpyArray array, const Tensor& tensor, const std::string& name) {
  const auto descrs = accepted(tensor.type);
  if (std::find(descrs.begin(), descrs.end(), array.descr) == descrs.end()) {
    fail(name, fmt::format("holds {}, but {} is {} ({})", array.descr, tensor.name,
                           perftune::name(tensor.type), descrs.front()));
  }
  if (array.shape != tensor.shape) {
    fail(name, fmt::format("has shape {}, but {} has shape {}", shape_text(array.shape),
                           tensor.name, shape_text(tensor.shape)));
  }
  return std::move(array.data);
}

std::string format_npy(DType type, std::span<const std::int64_t> shape,
                       std::span<const std::byte> data) {
  return format_npy(std::string_view(accepted(type).front()), shape, data);
}

std::string format_npy(std::string_view descr, std::span<const std::int64_t> shape,
                       std::span<const std::byte> data) {
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", descr,
                  fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  // The data starts at a multiple of 64 bytes; the header ends in a newline.
  const std::size_t unpadded = 10 + header.size() + 1;
  header.append((64 - unpadded % 64) % 64, ' ');
  header += '\n';
  std::string file(magic);
  file += {'\x01', '\x00', static_cast<char>(header.size() & 0xff),
           static_cast<char>(header.size() >> 8)};
  file += header;
  file.append(reinterpret_cast<const char*>(data.data()), data.size());
  return file;
}

void write_npy(const std::string& path, DType type, std::span<const std::int64_t> shape,
               std::span<const std::byte> data) {
  write_npy(path, std::string_view(accepted(type).front()), shape, data);
}

void write_npy(const std::string& path, std::string_view descr, std::span<const std::int64_t> shape,
               std::span<const std::byte> data) {
  const std::string text = format_npy(descr, shape, data);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) fail(path, "cannot be written");
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) fail(path, "cannot be written completely");
}

}  // namespace perftune
