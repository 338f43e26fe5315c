#include "executor/emulation/matrix_unit.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

#include "recipes/number_format.hpp"

namespace perftune::emulation {

namespace {

constexpr unsigned kColumns = 8;  // n of every shape
constexpr unsigned kMostRows = 16;
constexpr unsigned kMostDepth = 32;

DType stored_type(Element element) {
  switch (element) {
    case Element::f16:
      return DType::f16;
    case Element::bf16:
      return DType::bf16;
    case Element::tf32:
      return DType::f32;
    case Element::i8:
      return DType::i8;
    case Element::u8:
      return DType::u8;
    case Element::f8e4m3:
      return DType::f8e4m3;
    case Element::f8e5m2:
      return DType::f8e5m2;
  }
  return DType::f32;
}

bool is_integer(Element element) { return element == Element::i8 || element == Element::u8; }

std::uint32_t element_bits(const unsigned* registers, unsigned i, unsigned per_register) {
  const unsigned width = 32 / per_register;
  const std::uint32_t word = registers[i / per_register] >> i % per_register * width;
  return width == 32 ? word : word & ((1u << width) - 1);
}

float half_to_float(std::uint32_t bits) {
  return static_cast<float>(widen_element(Element::f16, bits & 0xffff));
}

std::uint32_t float_to_half(double value) {
  std::byte bytes[2];
  encode(DType::f16, value, bytes);
  std::uint16_t bits;
  std::memcpy(&bits, bytes, 2);
  return bits;
}

}  // namespace

unsigned elements_per_register(Element element) {
  return element == Element::tf32 ? 1 : is_integer(element) || element >= Element::f8e4m3 ? 4 : 2;
}

MatrixPosition position_in_a(unsigned lane, unsigned i, Element element) {
  const unsigned per = elements_per_register(element);
  const unsigned reg = i / per;
  return {lane / 4 + reg % 2 * 8, lane % 4 * per + i % per + reg / 2 * 4 * per};
}

MatrixPosition position_in_b(unsigned lane, unsigned i, Element element) {
  const unsigned per = elements_per_register(element);
  return {lane % 4 * per + i % per + i / per * 4 * per, lane / 4};
}

MatrixPosition position_in_c(unsigned lane, unsigned i) {
  return {lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2};
}

double widen_element(Element element, std::uint32_t bits) {
  if (element == Element::tf32) return std::bit_cast<float>(bits & 0xffffe000u);
  if (element == Element::bf16) return std::bit_cast<float>(bits << 16);
  std::byte bytes[4];
  std::memcpy(bytes, &bits, 4);
  return decode(stored_type(element), bytes);
}

const char* unknown_multiply(const MatrixMultiply& lane) {
  const bool integers = is_integer(lane.a_element);
  if (integers != is_integer(lane.b_element)) return "mma of an integer and a float";
  if (elements_per_register(lane.a_element) != elements_per_register(lane.b_element))
    return "mma of elements of different sizes";
  const unsigned per = elements_per_register(lane.a_element);
  if (integers && lane.m == 8) return lane.k == 16 ? nullptr : "mma.m8n8 of bytes has k = 16";
  if (lane.m != kMostRows) return "mma of floats has m = 16";
  return lane.k == 4 * per || lane.k == 8 * per ? nullptr : "mma with this k does not exist";
}

void multiply_matrices(MatrixMultiply* const (&lanes)[32]) {
  const MatrixMultiply& all = *lanes[0];
  const unsigned per = elements_per_register(all.a_element);
  double a[kMostRows][kMostDepth];
  double b[kMostDepth][kColumns];
  for (unsigned lane = 0; lane < 32; ++lane) {
    for (unsigned i = 0; i < all.m * all.k / 32; ++i) {
      const auto [row, column] = position_in_a(lane, i, all.a_element);
      a[row][column] = widen_element(all.a_element, element_bits(lanes[lane]->a, i, per));
    }
    for (unsigned i = 0; i < kColumns * all.k / 32; ++i) {
      const auto [row, column] = position_in_b(lane, i, all.b_element);
      b[row][column] = widen_element(all.b_element, element_bits(lanes[lane]->b, i, per));
    }
  }
  double sum[kMostRows][kColumns] = {};  // exact for integers: far below 2^53
  for (unsigned row = 0; row < all.m; ++row)
    for (unsigned k = 0; k < all.k; ++k)
      for (unsigned column = 0; column < kColumns; ++column)
        sum[row][column] += a[row][k] * b[k][column];

  for (unsigned lane = 0; lane < 32; ++lane) {
    for (unsigned i = 0; i < all.m / 4; ++i) {
      const auto [row, column] = position_in_c(lane, i);
      const double product = sum[row][column];
      if (all.half_sums) {
        unsigned& word = lanes[lane]->c[i / 2];
        const unsigned shift = i % 2 * 16;
        const std::uint32_t half = float_to_half(half_to_float(word >> shift) + product);
        word = (word & ~(0xffffu << shift)) | half << shift;
      } else if (is_integer(all.a_element)) {
        lanes[lane]->c[i] += static_cast<std::uint32_t>(static_cast<std::int64_t>(product));
      } else {
        unsigned& word = lanes[lane]->c[i];
        word = std::bit_cast<std::uint32_t>(
            static_cast<float>(std::bit_cast<float>(static_cast<std::uint32_t>(word)) + product));
      }
    }
  }
}

}  // namespace perftune::emulation
