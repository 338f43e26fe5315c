#include "executor/emulation/global_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "executor/emulation/defect.hpp"

namespace perftune::emulation {

namespace {

const char* verb(Access access) {
  switch (access) {
    case Access::read:
      return "read";
    case Access::read_only_path:
      return "read-only load";
    case Access::write:
      return "write";
    case Access::acquire:
      return "acquiring load";
    case Access::release:
      return "releasing store";
    case Access::acquire_release:
      return "atomic";
  }
  return "access";
}

bool reads(Access access) { return access != Access::write && access != Access::release; }
bool writes(Access access) {
  return access == Access::write || access == Access::release || access == Access::acquire_release;
}
bool synchronises(Access access) {
  return access == Access::acquire || access == Access::release ||
         access == Access::acquire_release;
}

}  // namespace

std::string describe(const ThreadView& view) {
  return fmt::format("thread {} of block ({},{},{})", view.thread, view.block[0], view.block[1],
                     view.block[2]);
}

void GlobalMemory::add(GlobalBuffer buffer) {
  Tracked tracked{std::move(buffer), {}};
  if (tracked.buffer.kind != GlobalBuffer::Kind::input)
    tracked.records.resize(tracked.buffer.bytes);
  buffers_.push_back(std::move(tracked));
}

void GlobalMemory::begin_launch() {
  released_.clear();
  for (Tracked& tracked : buffers_)
    std::fill(tracked.records.begin(), tracked.records.end(), Record{});
}

GlobalMemory::Tracked* GlobalMemory::find(const void* at) {
  const auto holds = [at](const Tracked& tracked) {
    const auto* byte = static_cast<const std::byte*>(at);
    return byte >= tracked.buffer.base && byte < tracked.buffer.base + tracked.buffer.bytes;
  };
  if (last_ < buffers_.size() && holds(buffers_[last_])) return &buffers_[last_];
  const auto found = std::find_if(buffers_.begin(), buffers_.end(), holds);
  if (found == buffers_.end()) return nullptr;
  last_ = static_cast<std::size_t>(found - buffers_.begin());
  return &*found;
}

void GlobalMemory::check(const Who& who, const void* at, unsigned bytes, Access access) {
  Tracked* tracked = find(at);
  if (tracked == nullptr) refuse(who, OutcomeKind::crashed, "out of bounds", at, bytes, access);
  const GlobalBuffer& buffer = tracked->buffer;
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(at) - buffer.base);
  if (offset + bytes > buffer.bytes)
    refuse(who, OutcomeKind::crashed, "out of bounds", at, bytes, access);
  if (offset % bytes != 0) refuse(who, OutcomeKind::crashed, "misaligned", at, bytes, access);
  if (buffer.kind == GlobalBuffer::Kind::input) {
    if (writes(access))
      refuse(who, OutcomeKind::wrong_result, "an input is written", at, bytes, access);
    return;
  }
  const std::uint32_t own = who.clocks.cluster() + 1;
  const Stamp now = who.clocks.now(who.thread);  // before it is published: part of what is released
  if (synchronises(access)) synchronise(who, at, access);
  for (std::size_t i = offset; i < offset + bytes; ++i) {
    Record& record = tracked->records[i];
    if (record.cluster_plus_1 == 0) {
      if (reads(access) && i >= buffer.initialised)
        refuse(who, OutcomeKind::wrong_result, "reads bytes that nothing wrote", at, bytes, access);
    } else if (access == Access::read_only_path) {
      refuse(who, OutcomeKind::wrong_result, "read-only load of data that this launch wrote", at,
             bytes, access);
    } else if (!synchronises(access) &&  // atomics and flags do not race with each other
               !who.clocks.ordered(record.cluster_plus_1 - 1, record.write, who.thread)) {
      refuse(who, OutcomeKind::wrong_result, "races with a write of another thread", at, bytes,
             access);
    }
    if (writes(access)) record = {own, now};
  }
}

// One location carries what its writers released to whoever acquires it later (PTX ISA 8.8,
// release and acquire patterns). Atomics extend the release sequence, so they join.
void GlobalMemory::synchronise(const Who& who, const void* at, Access access) {
  Clocks& clocks = who.clocks;
  if (access != Access::release) {
    const auto found = released_.find(at);
    if (found != released_.end()) clocks.learn(who.thread, found->second);
  }
  if (access != Access::acquire) {
    Knowledge known = clocks.publish(who.thread);
    known.others[clocks.cluster()] = known.clocks;
    known.clocks.assign(known.clocks.size(), 0);  // another cluster's threads are not these
    if (access == Access::release) released_[at] = {};
    released_[at].learn(known);
  }
}

std::optional<std::string> GlobalMemory::unwritten_output() const {
  for (const Tracked& tracked : buffers_) {
    if (tracked.buffer.kind != GlobalBuffer::Kind::output) continue;
    const auto missing =
        std::find_if(tracked.records.begin(), tracked.records.end(),
                     [](const Record& record) { return record.cluster_plus_1 == 0; });
    if (missing != tracked.records.end())
      return fmt::format("no thread wrote byte {} of output {} ({} bytes)",
                         missing - tracked.records.begin(), tracked.buffer.name,
                         tracked.buffer.bytes);
  }
  return std::nullopt;
}

void GlobalMemory::refuse(const Who& who, OutcomeKind kind, const char* what, const void* at,
                          unsigned bytes, Access access) const {
  std::string place = "no buffer is near";
  std::ptrdiff_t nearest = -1;
  for (const Tracked& tracked : buffers_) {
    const GlobalBuffer& buffer = tracked.buffer;
    const std::ptrdiff_t offset = static_cast<const std::byte*>(at) - buffer.base;
    const auto size = static_cast<std::ptrdiff_t>(buffer.bytes);
    // Running past the end is commoner than starting too early, and buffers may be neighbours.
    const std::ptrdiff_t distance =
        offset < 0 ? -16 * offset : std::max<std::ptrdiff_t>(0, offset - size);
    if (nearest >= 0 && distance >= nearest) continue;
    nearest = distance;
    place = fmt::format("byte {} of {} ({} bytes)", offset, buffer.name, buffer.bytes);
  }
  throw Defect{kind, fmt::format("global memory {}: {} of {} byte(s) at {} by {}", what,
                                 verb(access), bytes, place, describe(who.view))};
}

}  // namespace perftune::emulation
