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

  std::size_t size() const { return bytes_; }
  const std::byte* data() const { return arena_; }

 private:
  enum class State : std::uint32_t { unwritten, written, in_flight, split };
  struct Record {
    Stamp write, read, other_read;
    State state = State::unwritten;
  };
  enum class Kind { read, write, copy_start, copy_finish };

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
