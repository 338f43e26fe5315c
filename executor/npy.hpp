// NumPy's .npy files, versions 1 to 3 (numpy.lib.format), as a tensor's bytes and back.
//
//   <f8 <f4 <f2   f64, f32 (also tf32), f16        <i4 |i1 |u1 |b1   i32, i8, u8, bool
//   <V2, or <u2   bf16: what np.save makes of ml_dtypes.bfloat16, or its bits; <V2 is written
//   |V1, or <f1   f8e4m3, f8e5m2: what np.save makes of the ml_dtypes types; |V1 is written
//                 (also |u1, the bits, is read). The file does not say which of the two it holds.
//
// Fortran order is converted to C order. A file is hostile until shown otherwise: header length,
// rank and sizes are checked against limits and the file's own length before anything is allocated.
// Every mistake throws Error{usage}, one line that begins with the file's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

struct NpyArray {
  std::string descr;                // "<f4"
  std::vector<std::int64_t> shape;  // empty: a scalar
  std::vector<std::byte> data;      // row-major, little endian
};

NpyArray parse_npy(std::span<const std::byte> file, const std::string& name);
NpyArray read_npy(const std::string& path);

// The array's bytes if it has the tensor's type and shape; `name` is shown in messages.
std::vector<std::byte> tensor_bytes(NpyArray array, const Tensor& tensor, const std::string& name);

// A version 1.0 file; `data` holds the product of `shape` elements, row-major.
std::string format_npy(DType type, std::span<const std::int64_t> shape,
                       std::span<const std::byte> data);
void write_npy(const std::string& path, DType type, std::span<const std::int64_t> shape,
               std::span<const std::byte> data);

// The same for an element type that kernels have not, by its name in the file ("<i8").
std::string format_npy(std::string_view descr, std::span<const std::int64_t> shape,
                       std::span<const std::byte> data);
void write_npy(const std::string& path, std::string_view descr, std::span<const std::int64_t> shape,
               std::span<const std::byte> data);

}  // namespace perftune
