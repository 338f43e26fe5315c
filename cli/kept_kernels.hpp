// Compiled kernels of the store, for runs that would otherwise compile them again: found by source,
// compiler and flags, or by source and architecture alone where nothing is to be compiled; believed only where
// hashes match and nobody else may write the file.
//
// A store that is missing is made when there is something to keep. One that others may write, or that cannot be
// written, costs a line on stderr and a compilation, not the run; a file that is no store throws Error{store}.
#pragma once

#include <optional>
#include <string>

#include "cli/context.hpp"
#include "db/store.hpp"
#include "models/kernel_build.hpp"

namespace perftune {

class KeptKernels final : public BinaryCache {
 public:
  // `store`: a path, as --db or the environment says.
  KeptKernels(std::string store, Toolchain toolchain, const Context& context);
  // By whatever compiler, for `arch`; keep_with says by which one new ones were made.
  KeptKernels(std::string store, std::string arch, const Context& context);

  std::string find(const Kernel& kernel) override;
  void keep(std::span<const Made> made) override;
  void keep_with(Toolchain toolchain) { toolchain_ = std::move(toolchain); }

  int asked() const { return asked_; }        // distinct sources so far
  int compiled() const { return compiled_; }  // of them those that were not here

 private:
  void open();

  std::string path_;
  std::optional<Toolchain> toolchain_;  // absent: any for arch_
  std::string arch_;
  const Context& context_;
  std::optional<Store> store_;  // for reading; absent: nothing of it is used
  int asked_ = 0, compiled_ = 0, altered_ = 0;
};

}  // namespace perftune
