#include "executor/emulation/shared_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace perftune::emulation {

namespace {
constexpr std::size_t kAlignment = 1024;
// All ones: a NaN in every floating-point type, so what slips through shows in the result.
constexpr int kPoison = 0xff;
}  // namespace

void SharedMemory::reset(std::size_t bytes, std::string block) {
  bytes_ = bytes;
  block_ = std::move(block);
  storage_.resize(bytes + kAlignment);
  const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
  arena_ = storage_.data() + (kAlignment - address % kAlignment) % kAlignment;
  std::memset(arena_, kPoison, bytes);
  const std::size_t words = (bytes + 3) / 4;
  words_.assign(words, Record{});
  if (split_.size() < 4 * words) split_.resize(4 * words);
}

std::byte* SharedMemory::read(const Clocks& clocks, unsigned thread, unsigned offset,
                              unsigned bytes) {
  return access({clocks, thread, offset, bytes, Kind::read});
}

std::byte* SharedMemory::write(const Clocks& clocks, unsigned thread, unsigned offset,
                               unsigned bytes) {
  return access({clocks, thread, offset, bytes, Kind::write});
}

void SharedMemory::start_copy(const Clocks& clocks, unsigned thread, unsigned offset,
                              unsigned bytes) {
  std::memset(access({clocks, thread, offset, bytes, Kind::copy_start}), kPoison, bytes);
}

void SharedMemory::finish_copy(const Clocks& clocks, unsigned thread, unsigned offset,
                               unsigned bytes, const void* from) {
  std::byte* to = access({clocks, thread, offset, bytes, Kind::copy_finish});
  if (from != nullptr)
    std::memcpy(to, from, bytes);
  else
    std::memset(to, 0, bytes);
}

std::byte* SharedMemory::access(const Request& request) {
  const auto [offset, bytes] = std::pair(request.offset, request.bytes);
  if (offset % bytes != 0) refuse(request, "misaligned", nullptr, OutcomeKind::crashed);
  if (offset + std::size_t{bytes} > bytes_)
    refuse(request, "out of bounds", nullptr, OutcomeKind::crashed);
  if (bytes < 4) {
    Record& word = words_[offset / 4];
    Record* parts = &split_[offset / 4 * 4];
    if (word.state != State::split) {
      std::fill(parts, parts + 4, word);
      word.state = State::split;
    }
    for (unsigned i = 0; i < bytes; ++i) touch(request, parts[offset % 4 + i]);
    return arena_ + offset;
  }
  for (unsigned at = offset; at < offset + bytes; at += 4) {
    Record& word = words_[at / 4];
    if (word.state != State::split) {
      touch(request, word);
      continue;
    }
    Record* parts = &split_[at / 4 * 4];
    for (unsigned i = 0; i < 4; ++i) touch(request, parts[i]);
    if (request.kind != Kind::read) word = parts[0];  // one writer owns all four bytes again
  }
  return arena_ + offset;
}

inline void SharedMemory::touch(const Request& request, Record& record) {
  const auto& [clocks, thread, offset, bytes, kind] = request;
  if (kind == Kind::copy_finish) {
    if (record.state != State::in_flight || record.write.thread() != thread)
      refuse(request, "written before it arrived");
    record = Record{clocks.now(thread), {}, {}, State::written};
    return;
  }
  if (record.state == State::in_flight)
    refuse(request, "is on its way by an asynchronous copy that nobody waited for", &record.write);
  if (!clocks.ordered(record.write, thread)) refuse(request, "races with a write", &record.write);
  if (kind == Kind::read) {
    if (record.state == State::unwritten) refuse(request, "holds what nothing wrote");
    const Stamp now = clocks.now(thread);
    if (clocks.ordered(record.read, thread))
      record.read = now;
    else
      record.other_read = now;
    return;
  }
  if (!clocks.ordered(record.read, thread)) refuse(request, "races with a read", &record.read);
  if (!clocks.ordered(record.other_read, thread))
    refuse(request, "races with a read", &record.other_read);
  record = Record{clocks.now(thread), {}, {},
                  kind == Kind::write ? State::written : State::in_flight};
}

void SharedMemory::refuse(const Request& request, const char* what, const Stamp* other,
                          OutcomeKind outcome) const {
  const char* verb = request.kind == Kind::read         ? "read"
                     : request.kind == Kind::write      ? "write"
                     : request.kind == Kind::copy_start ? "asynchronous copy"
                                                        : "arrival of an asynchronous copy";
  std::string text = fmt::format(
      "shared memory {}: {} of {} byte(s) at offset {} (arena of {}) by thread {} of {}", what,
      verb, request.bytes, request.offset, bytes_, request.thread, block_);
  if (other != nullptr)
    text += fmt::format("; the other is thread {}, with no barrier between", other->thread());
  throw Defect{outcome, std::move(text)};
}

}  // namespace perftune::emulation
