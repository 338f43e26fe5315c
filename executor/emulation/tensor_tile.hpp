// The box of a tensor that one TMA copy moves: which element of global memory lies where in shared
// memory (PTX ISA 5.5 "Tensors"; the driver API's cuTensorMapEncodeTiled).
//
// Pure; a map that the hardware or the emulator does not take throws Defect.
#pragma once

#include <array>
#include <cstdint>

#include "codegen/emulation/device/hopper_runtime.hpp"

namespace perftune::emulation {

// Offset of byte `at` under a swizzle of `span` bytes (0: none), by absolute address bits:
// 128: 6:4 ^= 9:7; 64: 5:4 ^= 8:7; 32: 4 ^= 7 (PTX ISA 5.5.6).
unsigned swizzled(unsigned at, unsigned span);

class TensorTile {
 public:
  // `map` as the host encoded it, `at` innermost first.
  TensorTile(const void* map, const int* at, unsigned rank);

  unsigned bytes() const { return bytes_; }
  unsigned element_bytes() const { return map_.element_bytes; }
  bool rounds_to_tf32() const { return map_.rounds_to_tf32 != 0; }
  // Elements of 16 bytes at byte `linear` of the box (a multiple of 16).
  struct Chunk {
    unsigned offset;  // in shared memory from the start of the box, swizzled
    std::array<unsigned char*, 16> elements;  // nullptr: outside the tensor
  };
  Chunk chunk(unsigned to, unsigned linear) const;  // `to`: where the box starts

 private:
  EncodedTensor map_;
  std::array<int, 5> at_{};
  unsigned bytes_ = 0;
};

}  // namespace perftune::emulation
