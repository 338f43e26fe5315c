// Memory for one tensor of a kernel under test, between guards.
//
// Writes past the end meet an unmapped page as soon as they pass the last 63 bytes; those, and
// the bytes before the start, hold a pattern that is checked afterwards. The base is 64-byte
// aligned. Page size changes times, so it is part of the policy:
// buffers of 2 MB and more ask for transparent huge pages and start at one, as large allocations
// of numerical libraries do; smaller ones refuse them.
//
// Not thread-safe. Out of memory throws Error{unavailable}.
#pragma once

#include <cstddef>
#include <span>

namespace perftune {

class GuardedBuffer {
 public:
  GuardedBuffer() = default;
  explicit GuardedBuffer(std::size_t bytes);
  GuardedBuffer(GuardedBuffer&& other) noexcept;
  GuardedBuffer& operator=(GuardedBuffer&& other) noexcept;
  ~GuardedBuffer();

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::span<std::byte> bytes() const { return {data_, size_}; }

  // No byte of the pattern around the buffer was changed.
  bool intact() const;

 private:
  std::span<std::byte> before() const;
  std::span<std::byte> after() const;

  std::byte* mapping_ = nullptr;  // [guard page | pattern, data, pattern | guard page]
  std::size_t mapped_ = 0;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace perftune
