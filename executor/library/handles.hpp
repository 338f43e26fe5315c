// Handles that can be refused after they were closed: numbers in the shape of pointers, never followed.
//
// A handle names a slot and the generation that lived in it. Pinning counts a user of the slot and
// compares the generation, two atomic operations and no lock; closing moves the generation on, waits for
// users that are under way, and only then destroys. Slots are reused, their memory stays.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace perftune {

class HandleTable {
 public:
  enum class Kind : std::uint64_t { store = 1, kernel, launch, sequence };

  struct Object {
    virtual ~Object() = default;
  };

  // nullptr when every slot is taken (2^20).
  static void* insert(Kind kind, std::unique_ptr<Object> object);
  // The object, with its slot's user counted; nullptr when the handle is none of this kind, or closed.
  static Object* pin(Kind kind, const void* handle);
  static void unpin(const void* handle);
  // Waits for users; false when the handle is none of this kind, or closed.
  static bool close(Kind kind, const void* handle);
};

// A pinned object for the time of one call.
template <class T, HandleTable::Kind kind>
class Pinned {
 public:
  explicit Pinned(const void* handle) : handle_(handle), object_(static_cast<T*>(HandleTable::pin(kind, handle))) {}
  ~Pinned() {
    if (object_ != nullptr) HandleTable::unpin(handle_);
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  explicit operator bool() const { return object_ != nullptr; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }

 private:
  const void* handle_;
  T* object_;
};

}  // namespace perftune
