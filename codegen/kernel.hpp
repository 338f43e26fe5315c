// A kernel as text, how to launch it on a given shape, and what the compiler said of it.
//
// The text depends on types, structure and tile program, never on extents: those arrive as
// arguments. So one source serves every shape that the tile program is legal for, and the very
// text that is compiled for the device also runs on a small problem in the emulator.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "codegen/tile_program.hpp"
#include "recipes/dtype.hpp"

namespace perftune {

// One member of the kernel's only parameter, `struct Params`, in order: 8 bytes, but 128 bytes aligned
// to as many for a tensor map; maps come first.
struct Argument {
  enum class Kind : std::uint8_t { tensor, workspace, scalar, tensor_map };
  Kind kind = Kind::scalar;
  int tensor = -1;   // Operator::tensors position, for Kind::tensor
  std::string name;  // the member's name in the source
};

struct Kernel {
  enum class Language : std::uint8_t { cuda, cpp };
  Language language = Language::cuda;
  TileProgram program;
  std::string entry;                 // extern "C" name
  std::string source;                // complete but for the embedded headers it includes
  std::vector<Argument> arguments;   // pointers first, then 64-bit integers; Launch::arguments at any shape
  int threads_per_block = 0;         // cuda: launch bound
  int min_blocks_per_sm = 0;         // cuda: second launch bound; 0: none
  std::string id() const;            // 16 hex digits over program, entry and source
};

// How TMA sees a tensor (sm_90a): boxes of it move between global and shared memory. Dimensions are
// innermost first. The device's driver encodes it at launch (cuTensorMapEncodeTiled); reads outside the
// extents give zero.
struct TensorMap {
  int tensor = -1;                           // Operator::tensors position
  DType type = DType::f16;
  int rank = 2;                              // 2 to 5
  std::array<std::int64_t, 5> extents{1, 1, 1, 1, 1};
  std::array<std::int64_t, 5> strides{};     // bytes, multiples of 16; [0] is the element's size
  std::array<int, 5> box{1, 1, 1, 1, 1};     // each at most 256; box[0] in bytes a multiple of 16
  int swizzle_bytes = 0;                     // 0, 32, 64, 128: box[0] in bytes where not 0
};

// What `Emitter::bind` adds for one shape.
struct Launch {
  std::array<std::int64_t, 3> grid{1, 1, 1};
  std::array<int, 3> block{1, 1, 1};
  std::array<int, 3> cluster{1, 1, 1};
  bool persistent = false;  // blocks loop over the work: any grid of whole clusters along x will do
  std::int64_t dynamic_shared_bytes = 0;
  std::int64_t workspace_bytes = 0;
  std::int64_t workspace_zeroed_bytes = 0;  // prefix that must be zero before the first launch;
                                            // the kernel leaves it zero again
  std::vector<Argument> arguments;          // the kernel's, in order
  std::vector<std::int64_t> scalars;        // values of the scalar arguments, in order
  std::vector<TensorMap> tensor_maps;       // of the tensor_map arguments, in order
};

// A launch that computes the same with half the blocks, so that each of a persistent kernel's does
// work in turn; others are returned as they are. For small problems, which would not need it.
Launch with_turns(Launch launch);

// Facts about a compiled kernel, or an emitter's estimate of them.
struct Resources {
  int registers = 0;              // per thread
  std::int64_t shared_bytes = 0;  // static + dynamic, per block
  std::int64_t spill_bytes = 0;   // stores + loads
  std::int64_t stack_bytes = 0;
  std::vector<std::string> warnings;  // compiler's performance warnings (C75xx)
};

// Texts that emitted sources include by name ("perftune/..."); they travel inside the binary.
struct DeviceHeader {
  std::string name;
  std::string text;
};

}  // namespace perftune
