#include "cli/kept_kernels.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "db/binaries.hpp"
#include "executor/library/store_file.hpp"
#include "recipes/error.hpp"

namespace perftune {

KeptKernels::KeptKernels(std::string store, Toolchain toolchain, const Context& context)
    : path_(std::move(store)), toolchain_(std::move(toolchain)), context_(context) {
  open();
}

KeptKernels::KeptKernels(std::string store, std::string arch, const Context& context)
    : path_(std::move(store)), arch_(std::move(arch)), context_(context) {
  open();
}

void KeptKernels::open() {
  if (!std::filesystem::exists(path_)) return;
  const std::string why_not = why_not_trusted(path_);
  if (!why_not.empty()) {
    context_.say(fmt::format("perftune: {}: {}: its kernels are compiled again", path_, why_not));
    return;
  }
  StoreOptions options;
  options.mode = StoreMode::read_only;
  store_.emplace(path_, options);
}

std::string KeptKernels::find(const Kernel& kernel) {
  ++asked_;
  if (!store_) return {};
  KeptBinary kept = toolchain_ ? kept_binary(*store_, describe(kernel), *toolchain_)
                               : kept_binary(*store_, describe(kernel), arch_);
  altered_ += kept.altered ? 1 : 0;
  return std::move(kept.bytes);
}

void KeptKernels::keep(std::span<const Made> made) {
  compiled_ += static_cast<int>(made.size());
  if (altered_ > 0)
    context_.say(fmt::format("perftune: {}: {} kept kernel{} not match {} hash: compiled again", path_, altered_,
                             altered_ == 1 ? " does" : "s do", altered_ == 1 ? "its" : "their"));
  store_.reset();
  std::vector<NewBinary> binaries;
  for (const Made& one : made) binaries.push_back({describe(*one.kernel), *one.binary});
  try {
    Store store(path_, StoreOptions{});
    keep_binaries(store, binaries, toolchain_.value());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::store) throw;
    context_.say(fmt::format("perftune: compiled kernels are not kept: {}", error.what()));
  }
}

}  // namespace perftune
