// Compiled kernels kept in a store beside their sources, whether or not they were ever measured: a second
// run need not compile. They are builds that no measurement names; `db prune` drops them.
//
// Failure: Error{store} as in store.hpp. A kept binary that is not what was kept is an answer, not an error.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "db/store.hpp"

namespace perftune {

struct KeptBinary {
  std::string bytes;     // empty: none that may be used
  bool altered = false;  // source or binary do not match their hashes
};

// The binary of exactly this source under exactly this toolchain.
KeptBinary kept_binary(Store& store, const KernelRecord& kernel, const Toolchain& toolchain);

// The same for `arch`, by whatever compiler: one that a winner was measured with first, then the latest.
KeptBinary kept_binary(Store& store, const KernelRecord& kernel, std::string_view arch);

struct NewBinary {
  KernelRecord kernel;
  std::string bytes;
};
// All in one transaction; replaces what is there.
void keep_binaries(Store& store, std::span<const NewBinary> binaries, const Toolchain& toolchain);

}  // namespace perftune
