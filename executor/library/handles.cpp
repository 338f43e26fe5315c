#include "executor/library/handles.hpp"

#include <array>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace perftune {
namespace {

// state: generation in the upper half, users in the lower.
struct alignas(64) Slot {
  std::atomic<std::uint64_t> state{std::uint64_t{1} << 32};
  HandleTable::Kind kind{};
  std::unique_ptr<HandleTable::Object> object;
};

constexpr std::uint64_t kGeneration = std::uint64_t{1} << 32;
constexpr std::size_t kChunk = 1024, kChunks = 1024;

// Slots live as long as the process: handles may be tried at any time. So may the table.
struct Table {
  std::array<std::atomic<Slot*>, kChunks> chunks{};
  std::mutex mutex;  // of what follows
  std::vector<std::uint32_t> free;
  std::uint32_t used = 0;
};

Table& table() {
  static auto* const instance = new Table;  // never destroyed: other threads may outlive main
  return *instance;
}

Slot* slot_of(std::uint64_t index) {
  if (index >= kChunk * kChunks) return nullptr;
  Slot* const chunk = table().chunks[index / kChunk].load(std::memory_order_acquire);
  return chunk == nullptr ? nullptr : chunk + index % kChunk;
}

// kind << 56 | slot << 32 | generation
std::uint64_t number(const void* handle) { return reinterpret_cast<std::uintptr_t>(handle); }
HandleTable::Kind kind_of(std::uint64_t n) { return static_cast<HandleTable::Kind>(n >> 56); }
std::uint64_t index_of(std::uint64_t n) { return n >> 32 & 0xffffff; }
std::uint64_t generation_of(std::uint64_t n) { return n & 0xffffffff; }

}  // namespace

void* HandleTable::insert(Kind kind, std::unique_ptr<Object> object) {
  Table& t = table();
  std::uint32_t index = 0;
  {
    const std::lock_guard lock(t.mutex);
    if (!t.free.empty()) {
      index = t.free.back();
      t.free.pop_back();
    } else {
      if (t.used == kChunk * kChunks) return nullptr;
      index = t.used++;
      if (index % kChunk == 0) t.chunks[index / kChunk].store(new Slot[kChunk], std::memory_order_release);
    }
  }
  Slot& slot = *slot_of(index);
  slot.kind = kind;
  slot.object = std::move(object);
  const std::uint64_t generation = slot.state.load(std::memory_order_relaxed) >> 32;
  return reinterpret_cast<void*>(static_cast<std::uint64_t>(kind) << 56 | std::uint64_t{index} << 32 | generation);
}

HandleTable::Object* HandleTable::pin(Kind kind, const void* handle) {
  const std::uint64_t n = number(handle);
  Slot* const slot = kind_of(n) == kind ? slot_of(index_of(n)) : nullptr;
  if (slot == nullptr) return nullptr;
  const std::uint64_t before = slot->state.fetch_add(1, std::memory_order_acquire);
  if (before >> 32 == generation_of(n)) return slot->object.get();
  slot->state.fetch_sub(1, std::memory_order_release);
  return nullptr;
}

void HandleTable::unpin(const void* handle) {
  slot_of(index_of(number(handle)))->state.fetch_sub(1, std::memory_order_release);
}

bool HandleTable::close(Kind kind, const void* handle) {
  const std::uint64_t n = number(handle);
  Slot* const slot = kind_of(n) == kind ? slot_of(index_of(n)) : nullptr;
  if (slot == nullptr) return false;
  std::uint64_t state = slot->state.load(std::memory_order_acquire);
  do {
    if (state >> 32 != generation_of(n)) return false;
    // Generation 0 is left out, so that no handle is NULL even where kinds are.
  } while (!slot->state.compare_exchange_weak(state, (state >> 32) == 0xffffffff ? state - 0xfffffffe * kGeneration
                                                                                 : state + kGeneration,
                                              std::memory_order_acq_rel));
  while ((slot->state.load(std::memory_order_acquire) & 0xffffffff) != 0) std::this_thread::yield();
  slot->object.reset();
  const std::lock_guard lock(table().mutex);
  table().free.push_back(static_cast<std::uint32_t>(index_of(n)));
  return true;
}

}  // namespace perftune
