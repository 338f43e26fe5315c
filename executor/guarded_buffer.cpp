#include "executor/guarded_buffer.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "recipes/error.hpp"

namespace perftune {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kPatternBefore = 64;
constexpr std::byte kPattern{0xC5};
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }
std::size_t round_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

}  // namespace

GuardedBuffer::GuardedBuffer(std::size_t bytes) : size_(bytes) {
  const std::size_t page = page_size();
  const std::size_t occupied = round_up(bytes, kAlignment);
  const bool huge = bytes >= kHugePage;
  const std::size_t inner = round_up(occupied + kPatternBefore, page);
  const std::size_t alignment = huge ? kHugePage : page;
  const std::size_t reserved = inner + alignment + 2 * page;
  void* mapping = ::mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    throw Error(ErrorKind::unavailable, fmt::format("no memory for a buffer of {} bytes", bytes));
  // Huge pages start at multiples of their size: the inner part does, what is left over goes back.
  std::byte* const base = static_cast<std::byte*>(mapping);
  const auto first = reinterpret_cast<std::uintptr_t>(base) + page;
  const std::size_t skipped = round_up(first, alignment) - first;
  mapping_ = base + skipped;
  mapped_ = inner + 2 * page;
  if (skipped > 0) ::munmap(base, skipped);
  if (const std::size_t rest = reserved - skipped - mapped_; rest > 0)
    ::munmap(mapping_ + mapped_, rest);
  if (::mprotect(mapping_ + page, inner, PROT_READ | PROT_WRITE) != 0) {
    ::munmap(mapping_, mapped_);
    throw Error(ErrorKind::unavailable, fmt::format("no memory for a buffer of {} bytes", bytes));
  }
  ::madvise(mapping_ + page, inner, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  data_ = mapping_ + page + inner - occupied;
  std::ranges::fill(before(), kPattern);
  std::ranges::fill(after(), kPattern);
}

GuardedBuffer::GuardedBuffer(GuardedBuffer&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      mapped_(std::exchange(other.mapped_, 0)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

GuardedBuffer& GuardedBuffer::operator=(GuardedBuffer&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(mapped_, other.mapped_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

GuardedBuffer::~GuardedBuffer() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapped_);
}

std::span<std::byte> GuardedBuffer::before() const {
  std::byte* const begin = mapping_ + page_size();
  return {begin, static_cast<std::size_t>(data_ - begin)};
}

std::span<std::byte> GuardedBuffer::after() const {
  std::byte* const begin = data_ + size_;
  std::byte* const end = mapping_ + mapped_ - page_size();
  return {begin, static_cast<std::size_t>(end - begin)};
}

bool GuardedBuffer::intact() const {
  if (mapping_ == nullptr) return true;
  const auto same = [](std::byte value) { return value == kPattern; };
  return std::ranges::all_of(before(), same) && std::ranges::all_of(after(), same);
}

}  // namespace perftune
