// The device memory that an emulated launch may touch: registered buffers and nothing else.
//
// An access is checked for bounds, alignment, writes to inputs, reads of bytes that nothing wrote,
// and for order: what one thread writes and another reads or overwrites must be ordered by a
// barrier in one block, by release and acquire between blocks. Reads are not recorded.
//
// Call order: add* (begin_launch (check)* end_launch)*. Checks throw Defect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codegen/emulation/device/runtime.hpp"
#include "executor/emulation/clocks.hpp"
#include "executor/emulation/defect.hpp"

namespace perftune::emulation {

struct GlobalBuffer {
  enum class Kind : std::uint8_t { input, output, workspace };
  std::string name;  // as messages call it
  Kind kind = Kind::input;
  std::byte* base = nullptr;  // not owned
  std::size_t bytes = 0;
  std::size_t initialised = 0;  // prefix that holds data before the launch
};

class GlobalMemory {
 public:
  void clear() { buffers_.clear(); }
  void add(GlobalBuffer buffer);

  void begin_launch();  // nothing is written yet
  // `who` names the thread in messages; it is only rendered when something is wrong.
  struct Who {
    Clocks& clocks;
    unsigned thread = 0;
    const ThreadView& view;
  };
  void check(const Who& who, const void* at, unsigned bytes, Access access);
  // Bytes of an output that no thread wrote; nullopt when all were.
  std::optional<std::string> unwritten_output() const;

 private:
  struct Record {  // of one byte; cluster 0 is "not written by this launch"
    std::uint32_t cluster_plus_1 = 0;
    Stamp write;
  };
  struct Tracked {
    GlobalBuffer buffer;
    std::vector<Record> records;  // empty for inputs
  };
  Tracked* find(const void* at);
  void synchronise(const Who& who, const void* at, Access access);
  [[noreturn]] void refuse(const Who& who, OutcomeKind kind, const char* what, const void* at,
                           unsigned bytes, Access access) const;

  std::vector<Tracked> buffers_;
  std::size_t last_ = 0;  // the buffer found last
  std::map<const void*, Knowledge> released_;
};

// "thread 5 of block (1,0,0)"
std::string describe(const ThreadView& view);

}  // namespace perftune::emulation
