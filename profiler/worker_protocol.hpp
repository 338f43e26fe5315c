// What the parent and a worker process say to each other: checked, length-prefixed frames over two
// pipes.
//
// Layout, native byte order (both ends are one executable): magic u32, kind u32, id u64, lengths of
// name, body and attachment u32 each, checksum u32 (FNV-1a over all the rest), then the three
// texts. A reader trusts nothing: a wrong magic, kind, length or checksum is garbage, and
// whoever sent it is not spoken to again.
//
// FrameReader is a value without I/O, so that tests can feed it anything. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace perftune {

enum class FrameKind : std::uint32_t {
  hello = 1,        // worker -> parent, once: ready
  job = 2,          // parent -> worker
  result = 3,       // worker -> parent: the job's value
  result_last = 4,  // the same, and the worker ends: its state may be damaged
  environment = 5,  // worker -> parent: perftune::Error; body is its message
  failure = 6,      // worker -> parent: the job ended by an exception; the worker ends
};

struct Frame {
  FrameKind kind = FrameKind::job;
  std::uint64_t id = 0;
  std::string name;        // job: which function; environment: the error's number
  std::string body;        // JSON
  std::string attachment;  // bytes: a cubin, a shared object, tensor contents
};

inline constexpr std::size_t kFrameLimitBytes = std::size_t{256} << 20;

std::string encode(const Frame& frame);

class FrameReader {
 public:
  // Keeps the bytes; call next() until it has no more frames.
  void append(std::span<const char> bytes);

  // The next whole frame; nullopt when there is none yet, or when broken() says why there never
  // will be.
  std::optional<Frame> next();
  std::string_view broken() const { return broken_; }
  bool empty() const { return buffer_.empty(); }

 private:
  std::string buffer_;
  std::string_view broken_;
};

}  // namespace perftune
