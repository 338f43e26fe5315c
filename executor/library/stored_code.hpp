// The machine code of a store's kernels: checked, then loaded for this device, once per build.
//
// A build is run where its code generator is this version's, its seal (db/origins.hpp) says that its source
// was generated for the operator's structure from its tile program with the arguments of this very launch,
// source and binary match their hashes, the architecture is the device's, and the file is trusted.
//
// Where the store has no binary for a GPU's architecture, NVRTC compiles the source for it; what it makes is
// kept for as long as the store is open, and written nowhere.
//
// One thread at a time (the store's). Failure: StatusError.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "db/launchables.hpp"
#include "executor/library/bound_kernel.hpp"
#include "executor/library/store_file.hpp"
#include "executor/nvrtc_library.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

class StoredCode {
 public:
  using Compile = std::function<std::string(const Kernel& kernel, const std::string& arch)>;

  // Both outlive this.
  StoredCode(StoreFile& file, Launchables& rows) : file_(file), rows_(rows) {}
  // `compile`: makes a binary where the store keeps none; may be empty. CUDA sources are compiled with NVRTC,
  // loaded when the first of them is needed: from `nvrtc_folders` where there are any, else as usual.
  void use(std::shared_ptr<Runtime> runtime, perftune_trust trust, Compile compile, std::vector<std::string> nvrtc_folders);

  // The code of `build` for an operator of this structure, whose launches have `kernel`'s arguments; fills
  // language and entry. nullptr where `must` is false and the build is not that operator's.
  std::shared_ptr<void> load(std::int64_t build, const std::string& structure, const Hardware& hardware,
                             Kernel& kernel, bool must);

 private:
  struct Loaded {
    std::shared_ptr<void> code;
    std::set<std::string> fits;  // structure and layout of arguments for which its seal was right
  };
  bool fits(const StoredBuild& stored, const std::string& structure, const std::string& layout, bool must);
  std::string binary_of(const StoredBuild& stored, const Hardware& hardware, Kernel& kernel);
  std::string compiled_here(const StoredBuild& stored, const Hardware& hardware);

  StoreFile& file_;
  Launchables& rows_;
  std::shared_ptr<Runtime> runtime_;
  perftune_trust trust_ = PERFTUNE_TRUST_OWN;
  Compile compile_;
  std::vector<std::string> nvrtc_folders_;
  std::optional<NvrtcLibrary> nvrtc_;
  std::map<std::int64_t, Loaded> loaded_;  // by build
};

// A CUDA source for another compute capability than it was printed for; empty: it does not say which it is for.
std::string for_capability(const std::string& source, int compute_capability);

}  // namespace perftune
