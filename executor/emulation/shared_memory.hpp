// The shared memory of one emulated block, with a record of who last touched each byte.
//
// Every access is checked: bounds, alignment, reads of bytes that nothing wrote, races (two
// accesses to a byte, one of them a write, not ordered by a barrier), and bytes on their way by an
// asynchronous copy. Such bytes are poisoned when the copy starts and arrive when its issuer waits.
//
// A record covers a 4-byte word while all accesses to the word are whole; the first partial one
// splits it into bytes. Two readers are remembered: a write must be ordered after both, so it is
// missed only if ordered after two readers and not after a third.
//
// Call order: reset (access | start | finish)*. Every check throws Defect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "executor/emulation/clocks.hpp"
#include "executor/emulation/defect.hpp"

namespace perftune::emulation {

class SharedMemory {
 public:
  // `block` names the block in messages; contents and records are forgotten.
  void reset(std::size_t bytes, std::string block);

  // A read or write of `bytes` at `offset`, which must be a multiple of `bytes`.
  std::byte* read(const Clocks& clocks, unsigned thread, unsigned offset, unsigned bytes);
  std::byte* write(const Clocks& clocks, unsigned thread, unsigned offset, unsigned bytes);

  // An asynchronous copy by `thread`: the bytes are nobody's to touch until `finish`.
  void start_copy(const Clocks& clocks, unsigned thread, unsigned offset, unsigned bytes);
  void finish_copy(const Clocks& clocks, unsigned thread, unsigned offset, unsigned bytes,
                   const void* from);  // nullptr: zeros

  // The asynchronous proxy (TMA, wgmma): pieces of 16 bytes. What threads wrote must have been
  // fenced. Bytes that it writes are nobody's, and bytes that it reads may not be written, until it
  // is done.
  void start_async_write(const Clocks& clocks, unsigned thread, unsigned offset);
  std::byte* finish_async_write(const Clocks& clocks, unsigned thread, unsigned offset);
  std::byte* start_async_read(const Clocks& clocks, unsigned thread, unsigned offset);
  void finish_async_read(const Clocks& clocks, unsigned thread, unsigned offset);
  // 8 bytes that only mbarrier operations may touch from now on.
  void make_mbarrier(const Clocks& clocks, unsigned thread, unsigned offset);

  std::size_t size() const { return bytes_; }
  const std::byte* data() const { return arena_; }

 private:
  enum class State : std::uint32_t {
    unwritten,
    written,    // by threads
    arrived,    // by the asynchronous proxy
    in_flight,  // on its way
    mbarrier,
    split,  // see split_
  };
  struct Record {
    Stamp write, read, other_read;
    State state = State::unwritten;
  };
  enum class Kind {
    read,
    write,
    copy_start,
    copy_finish,
    async_write,
    async_arrival,
    async_read,
    async_read_end,
    mbarrier,
  };
  static const char* verb(Kind kind);
  static bool writes(Kind kind);
  static bool settled(const Clocks& clocks, Stamp read, unsigned thread);

  struct Request {
    const Clocks& clocks;
    unsigned thread, offset, bytes;
    Kind kind;
  };
  std::byte* access(const Request& request);
  void touch(const Request& request, Record& record);
  [[noreturn]] void refuse(const Request& request, const char* what, const Stamp* other = nullptr,
                           OutcomeKind kind = OutcomeKind::wrong_result) const;

  std::vector<std::byte> storage_;
  std::byte* arena_ = nullptr;  // 1024-byte aligned, as swizzles assume of the arena
  std::size_t bytes_ = 0;
  std::vector<Record> words_;
  std::vector<Record> split_;  // four per word
  std::string block_;
};

}  // namespace perftune::emulation
