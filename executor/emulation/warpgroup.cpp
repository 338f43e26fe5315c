#include "executor/emulation/warpgroup.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "executor/emulation/defect.hpp"
#include "executor/emulation/matrix_unit.hpp"
#include "executor/emulation/tensor_tile.hpp"

namespace perftune::emulation {

namespace {

// A signalling NaN: copies show as NaN, and arithmetic in place changes it (IEEE 754, 6.2.1).
constexpr unsigned kPoison = 0xff80dead;
constexpr unsigned kRows = 64;

Defect wrong(const char* text) { return {OutcomeKind::wrong_result, text}; }

double element(const SharedMemory& shared, const SharedMatrix& matrix, unsigned across, unsigned k,
               Element type, unsigned bytes) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, shared.data() + matrix.offset(across, k), bytes);
  return widen_element(type, bits);
}

// Chunks of 16 bytes that hold `across` x `k` elements.
void add_chunks(const SharedMatrix& matrix, unsigned across, unsigned k, std::set<unsigned>& to) {
  for (unsigned i = 0; i < across; ++i)
    for (unsigned j = 0; j < k; ++j) to.insert(matrix.offset(i, j) / 16 * 16);
}

}  // namespace

SharedMatrix::SharedMatrix(std::uint64_t descriptor, unsigned element_bytes, bool along_mn)
    : start_(static_cast<unsigned>(descriptor & 0x3fff) << 4),
      leading_(static_cast<unsigned>(descriptor >> 16 & 0x3fff) << 4),
      stride_(static_cast<unsigned>(descriptor >> 32 & 0x3fff) << 4),
      span_(std::array{0u, 128u, 64u, 32u}[descriptor >> 62]),
      element_bytes_(element_bytes),
      along_mn_(along_mn) {
  if ((descriptor >> 49 & 7) != 0) throw wrong("wgmma with a base offset: align tiles instead");
  if (start_ < shared_base) throw wrong("a wgmma descriptor that does not start in the arena");
}

// Canonical layouts, T elements in 16 bytes (table of the section above; CUTLASS
// mma_sm90_desc.hpp):
//   K-major:  ((8, m), (T, 2)) : ((row, stride), (1, next)); row is 16 bytes and next is `leading`
//             without swizzle, row is the span and next is 16 bytes with one.
//   MN-major: ((T, span / 16, m), (8, k)) : ((1, T, leading), (span, stride)); without swizzle
//             ((T, m), (8, k)) : ((1, stride), (16 bytes, leading)).
unsigned SharedMatrix::offset(unsigned across, unsigned k) const {
  const unsigned per_chunk = 16 / element_bytes_;
  unsigned at = start_;
  if (!along_mn_) {
    at += across % 8 * (span_ == 0 ? 16 : span_) + across / 8 * stride_;
    at += k % per_chunk * element_bytes_ + k / per_chunk * (span_ == 0 ? leading_ : 16);
  } else if (span_ == 0) {
    at += across % per_chunk * element_bytes_ + across / per_chunk * stride_;
    at += k % 8 * 16 + k / 8 * leading_;
  } else {
    const unsigned per_span = span_ / element_bytes_;
    at += across % per_span * element_bytes_ + across / per_span * leading_;
    at += k % 8 * span_ + k / 8 * stride_;
  }
  return swizzled(at, span_) - shared_base;
}

void Warpgroup::issue(const Clocks& clocks, unsigned leader, SharedMemory& shared) {
  Product product{parts[0], {}, {}, {}};
  const WarpgroupMultiply& shape = product.shape;
  for (unsigned t = 0; t < kThreads; ++t) {
    const WarpgroupMultiply& part = parts[t];
    if (part.n != shape.n || part.a != shape.a || part.b != shape.b ||
        part.accumulate != shape.accumulate)
      throw wrong("the threads of a warpgroup disagree on a wgmma");
    product.sums[t] = part.sums;
    if (part.a_registers != nullptr)
      product.a_registers.push_back(
          {part.a_registers[0], part.a_registers[1], part.a_registers[2], part.a_registers[3]});
  }
  unsigned* const key = product.sums[0];
  const unsigned count = shape.n / 2;
  const auto found = in_flight_.find(key);
  if (found == in_flight_.end()) {
    InFlight sums{{}, 0, shape.n};
    for (const unsigned* lane : product.sums)
      sums.values.insert(sums.values.end(), lane, lane + count);
    const auto returned = returned_.find(key);
    const bool untouched = returned != returned_.end() && returned->second == sums.values;
    if (!fenced_.all() && !untouched)
      throw wrong("wgmma on registers that were touched without wgmma_fence");
    for (unsigned* lane : product.sums) std::fill(lane, lane + count, kPoison);
    in_flight_[key] = std::move(sums);
  } else {
    check_poison(product);
    if (found->second.n != shape.n && !fenced_.all())
      throw wrong("wgmma of another shape on the same sums without wgmma_fence");
  }
  ++in_flight_[key].users;

  const unsigned bytes = 4 / elements_per_register(shape.a_element);
  std::set<unsigned> chunks;
  if (shape.a_registers == nullptr)
    add_chunks(SharedMatrix(shape.a, bytes, shape.a_along_m), kRows, 32 / bytes, chunks);
  add_chunks(SharedMatrix(shape.b, bytes, shape.b_along_n), shape.n, 32 / bytes, chunks);
  product.chunks.assign(chunks.begin(), chunks.end());
  for (const unsigned chunk : product.chunks) shared.start_async_read(clocks, leader, chunk);
  products_.push_back(std::move(product));
}

void Warpgroup::check_poison(const Product& product) {
  for (const unsigned* lane : product.sums)
    if (std::any_of(lane, lane + product.shape.n / 2, [](unsigned v) { return v != kPoison; }))
      throw wrong("the sums of a wgmma were written before wgmma_wait");
}

void Warpgroup::wait(const Clocks& clocks, unsigned leader, SharedMemory& shared,
                     unsigned pending) {
  fenced_.reset();
  if (group_ends_.size() <= pending) return;
  const std::size_t groups = group_ends_.size() - pending;
  const std::size_t done = group_ends_[groups - 1];
  for (std::size_t i = 0; i < done; ++i) {
    const Product& product = products_.front();
    check_poison(product);
    InFlight& sums = in_flight_[product.sums[0]];
    compute(product, shared, sums);
    for (const unsigned chunk : product.chunks) shared.finish_async_read(clocks, leader, chunk);
    if (--sums.users == 0) {
      const unsigned count = product.shape.n / 2;
      for (unsigned t = 0; t < kThreads; ++t)
        std::copy_n(sums.values.begin() + t * count, count, product.sums[t]);
      returned_[product.sums[0]] = std::move(sums.values);
      in_flight_.erase(product.sums[0]);
    }
    products_.pop_front();
  }
  // What finished may also be read by products that did not.
  for (const Product& product : products_)
    for (const unsigned chunk : product.chunks) shared.start_async_read(clocks, leader, chunk);
  group_ends_.erase(group_ends_.begin(), group_ends_.begin() + static_cast<std::ptrdiff_t>(groups));
  for (std::size_t& end : group_ends_) end -= done;
}

void Warpgroup::compute(const Product& product, SharedMemory& shared, InFlight& into) const {
  const WarpgroupMultiply& shape = product.shape;
  const unsigned per = elements_per_register(shape.a_element);
  const unsigned bytes = 4 / per;
  const unsigned depth = 32 / bytes;
  std::vector<double> a(kRows * depth);
  std::vector<double> b(depth * shape.n);
  if (shape.a_registers == nullptr) {
    const SharedMatrix matrix(shape.a, bytes, shape.a_along_m);
    for (unsigned row = 0; row < kRows; ++row)
      for (unsigned k = 0; k < depth; ++k)
        a[row * depth + k] = element(shared, matrix, row, k, shape.a_element, bytes);
  } else {
    for (unsigned t = 0; t < kThreads; ++t)
      for (unsigned i = 0; i < 4 * per; ++i) {
        const auto [row, k] = position_in_a(t % 32, i, shape.a_element);
        const std::uint32_t word = product.a_registers[t][i / per] >> i % per * (32 / per);
        a[(t / 32 * 16 + row) * depth + k] = widen_element(shape.a_element, word & 0xffff);
      }
  }
  const SharedMatrix matrix(shape.b, bytes, shape.b_along_n);
  for (unsigned k = 0; k < depth; ++k)
    for (unsigned column = 0; column < shape.n; ++column)
      b[k * shape.n + column] = element(shared, matrix, column, k, shape.b_element, bytes);

  std::vector<double> sum(kRows * shape.n);
  for (unsigned row = 0; row < kRows; ++row)
    for (unsigned k = 0; k < depth; ++k) {
      const double factor = a[row * depth + k];
      const double* from = &b[k * shape.n];
      double* to = &sum[row * shape.n];
      for (unsigned column = 0; column < shape.n; ++column) to[column] += factor * from[column];
    }

  const unsigned count = shape.n / 2;
  for (unsigned t = 0; t < kThreads; ++t)
    for (unsigned i = 0; i < count; ++i) {  // PTX ISA 9.7.15.5.1, fragments of D
      const unsigned row = t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8;
      const unsigned column = i / 4 * 8 + t % 4 * 2 + i % 2;
      const double product_sum = sum[row * shape.n + column];
      unsigned& word = into.values[t * count + i];
      if (shape.integers) {
        word = (shape.accumulate ? word : 0) +
               static_cast<std::uint32_t>(static_cast<std::int64_t>(product_sum));
      } else {
        const float before =
            shape.accumulate ? std::bit_cast<float>(static_cast<std::uint32_t>(word)) : 0;
        word = std::bit_cast<std::uint32_t>(static_cast<float>(before + product_sum));
      }
    }
}

}  // namespace perftune::emulation
