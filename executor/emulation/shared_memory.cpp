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

bool SharedMemory::writes(Kind kind) {
  return kind != Kind::read && kind != Kind::async_read && kind != Kind::async_read_end;
}

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

void SharedMemory::start_async_write(const Clocks& clocks, unsigned thread, unsigned offset) {
  std::memset(access({clocks, thread, offset, 16, Kind::async_write}), kPoison, 16);
}

std::byte* SharedMemory::finish_async_write(const Clocks& clocks, unsigned thread,
                                            unsigned offset) {
  return access({clocks, thread, offset, 16, Kind::async_arrival});
}

std::byte* SharedMemory::start_async_read(const Clocks& clocks, unsigned thread, unsigned offset) {
  return access({clocks, thread, offset, 16, Kind::async_read});
}

void SharedMemory::finish_async_read(const Clocks& clocks, unsigned thread, unsigned offset) {
  access({clocks, thread, offset, 16, Kind::async_read_end});
}

void SharedMemory::make_mbarrier(const Clocks& clocks, unsigned thread, unsigned offset) {
  access({clocks, thread, offset, 8, Kind::mbarrier});
}

std::byte* SharedMemory::access(const Request& request) {
  const unsigned offset = request.offset;
  const unsigned bytes = request.bytes;
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
    if (writes(request.kind)) word = parts[0];  // one writer owns all four bytes again
  }
  return arena_ + offset;
}

// A read by the asynchronous proxy that is not over is ordered before nothing: its clock is the
// last.
bool SharedMemory::settled(const Clocks& clocks, Stamp read, unsigned thread) {
  return read.clock() != Stamp::kLastClock && clocks.ordered(read, thread);
}

inline void SharedMemory::touch(const Request& request, Record& record) {
  const auto& [clocks, thread, offset, bytes, kind] = request;
  const Stamp now = clocks.now(thread);
  if (kind == Kind::copy_finish || kind == Kind::async_arrival) {
    if (record.state != State::in_flight || record.write.thread() != thread)
      refuse(request, "written before it arrived");
    if (kind == Kind::copy_finish)
      record = Record{now, {}, {}, State::written};
    else
      record.state = State::arrived;  // keeps its stamp: the time of issue, known to who waited
    return;
  }
  if (kind == Kind::async_read_end) {
    const Stamp pending(thread, Stamp::kLastClock);
    if (record.read == pending) record.read = now;
    if (record.other_read == pending) record.other_read = now;
    return;
  }
  if (record.state == State::in_flight)
    refuse(request, "is on its way by an asynchronous copy that nobody waited for", &record.write);
  if (record.state == State::mbarrier && kind != Kind::mbarrier)
    refuse(request, "holds an mbarrier");
  if (!clocks.ordered(record.write, thread)) refuse(request, "races with a write", &record.write);
  const bool asynchronous = kind == Kind::async_read || kind == Kind::async_write;
  if (asynchronous && record.state == State::written && !clocks.fenced(record.write, thread))
    refuse(request, "needs fence_async_proxy after a write", &record.write);
  if (kind == Kind::read || kind == Kind::async_read) {
    if (record.state == State::unwritten) refuse(request, "holds what nothing wrote");
    const Stamp stamp = kind == Kind::read ? now : Stamp(thread, Stamp::kLastClock);
    if (record.read == stamp || record.other_read == stamp) return;
    if (settled(clocks, record.read, thread))
      record.read = stamp;
    else
      record.other_read = stamp;
    return;
  }
  for (const Stamp* read : {&record.read, &record.other_read})
    if (!settled(clocks, *read, thread))
      refuse(request,
             read->clock() == Stamp::kLastClock ? "is still being read asynchronously"
                                                : "races with a read",
             read);
  record = Record{now,
                  {},
                  {},
                  kind == Kind::write      ? State::written
                  : kind == Kind::mbarrier ? State::mbarrier
                                           : State::in_flight};
}

const char* SharedMemory::verb(Kind kind) {
  switch (kind) {
    case Kind::read:
      return "read";
    case Kind::write:
      return "write";
    case Kind::copy_start:
      return "asynchronous copy";
    case Kind::copy_finish:
      return "arrival of an asynchronous copy";
    case Kind::async_write:
      return "tensor copy";
    case Kind::async_arrival:
      return "arrival of a tensor copy";
    case Kind::async_read:
      return "asynchronous read";
    case Kind::async_read_end:
      return "end of an asynchronous read";
    case Kind::mbarrier:
      return "initialisation of an mbarrier";
  }
  return "access";
}

void SharedMemory::refuse(const Request& request, const char* what, const Stamp* other,
                          OutcomeKind outcome) const {
  std::string text = fmt::format(
      "shared memory {}: {} of {} byte(s) at offset {} (arena of {}) by thread {} of {}", what,
      verb(request.kind), request.bytes, request.offset, bytes_, request.thread, block_);
  if (other != nullptr)
    text += fmt::format("; the other is thread {}, with no barrier between", other->thread());
  throw Defect{outcome, std::move(text)};
}

}  // namespace perftune::emulation
