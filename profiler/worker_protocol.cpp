#include "profiler/worker_protocol.hpp"

#include <array>
#include <cstring>

namespace perftune {
namespace {

constexpr std::uint32_t kMagic = 0x31575450;  // "PTW1"

struct Header {
  std::uint32_t magic = kMagic;
  std::uint32_t kind = 0;
  std::uint64_t id = 0;
  std::uint32_t name_bytes = 0;
  std::uint32_t body_bytes = 0;
  std::uint32_t attachment_bytes = 0;
  std::uint32_t checksum = 0;  // over everything else
};
static_assert(sizeof(Header) == 32);

// FNV-1a guards against accidents (a kernel that writes to the wrong descriptor), not intent.
std::uint32_t fnv1a(std::string_view bytes, std::uint32_t hash) {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619u;
  }
  return hash;
}

std::uint32_t checksum(Header header, std::string_view payload) {
  header.checksum = 0;
  std::array<char, sizeof header> bytes;
  std::memcpy(bytes.data(), &header, sizeof header);
  return fnv1a(payload, fnv1a({bytes.data(), bytes.size()}, 2166136261u));
}

}  // namespace

std::string encode(const Frame& frame) {
  Header header;
  header.kind = static_cast<std::uint32_t>(frame.kind);
  header.id = frame.id;
  header.name_bytes = static_cast<std::uint32_t>(frame.name.size());
  header.body_bytes = static_cast<std::uint32_t>(frame.body.size());
  header.attachment_bytes = static_cast<std::uint32_t>(frame.attachment.size());
  const std::string payload = frame.name + frame.body + frame.attachment;
  header.checksum = checksum(header, payload);
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes + payload;
}

void FrameReader::append(std::span<const char> bytes) {
  if (broken_.empty()) buffer_.append(bytes.data(), bytes.size());
}

std::optional<Frame> FrameReader::next() {
  if (!broken_.empty() || buffer_.size() < sizeof(Header)) return std::nullopt;
  Header header;
  std::memcpy(&header, buffer_.data(), sizeof header);
  const std::size_t payload_bytes =
      std::size_t{header.name_bytes} + header.body_bytes + std::size_t{header.attachment_bytes};
  if (header.magic != kMagic) {
    broken_ = "bytes that are no frame";
  } else if (header.kind < static_cast<std::uint32_t>(FrameKind::hello) ||
             header.kind > static_cast<std::uint32_t>(FrameKind::failure)) {
    broken_ = "a frame of unknown kind";
  } else if (payload_bytes > kFrameLimitBytes) {
    broken_ = "an oversized frame";
  }
  if (!broken_.empty() || buffer_.size() < sizeof header + payload_bytes) return std::nullopt;

  const std::string_view payload(buffer_.data() + sizeof header, payload_bytes);
  if (checksum(header, payload) != header.checksum) {
    broken_ = "a frame with a wrong checksum";
    return std::nullopt;
  }
  Frame frame;
  frame.kind = static_cast<FrameKind>(header.kind);
  frame.id = header.id;
  frame.name = payload.substr(0, header.name_bytes);
  frame.body = payload.substr(header.name_bytes, header.body_bytes);
  frame.attachment = payload.substr(header.name_bytes + header.body_bytes);
  buffer_.erase(0, sizeof header + payload_bytes);
  return frame;
}

}  // namespace perftune
