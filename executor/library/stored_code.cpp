#include "executor/library/stored_code.hpp"

#include <utility>

#include "codegen/version.hpp"
#include "db/origins.hpp"
#include "db/rows.hpp"

namespace perftune {
namespace {

[[noreturn]] void refuse(const StoredBuild& stored, perftune_status status, const std::string& what) {
  throw StatusError(status, "kernel " + stored.kernel + ": " + what);
}

}  // namespace

void StoredCode::use(std::shared_ptr<Runtime> runtime, perftune_trust trust, Compile compile) {
  runtime_ = std::move(runtime);
  trust_ = trust;
  compile_ = std::move(compile);
}

std::shared_ptr<void> StoredCode::load(std::int64_t build, const std::string& structure, const Hardware& hardware,
                                       Kernel& kernel, bool must) {
  const std::string layout = layout_text(kernel.arguments);
  const std::string fit = structure + '\1' + layout;
  const auto known = loaded_.find(build);
  if (known != loaded_.end() && known->second.fits.contains(fit)) return known->second.code;
  const auto stored = rows_.build(build);
  if (!stored) throw StatusError(PERFTUNE_BAD_STORE, "the store is damaged: a winner without its build");
  if (!fits(*stored, structure, layout, must)) return nullptr;
  if (known != loaded_.end()) {
    known->second.fits.insert(fit);
    return known->second.code;
  }
  kernel.language = stored->language == "cuda" ? Kernel::Language::cuda : Kernel::Language::cpp;
  kernel.entry = stored->entry;
  auto code = runtime_->load(kernel, binary_of(*stored, hardware, kernel));
  loaded_[build] = {code, {fit}};
  return code;
}

// `must`: throws what is wrong.
bool StoredCode::fits(const StoredBuild& stored, const std::string& structure, const std::string& layout, bool must) {
  if (sqlite::source_hash(stored.source) != stored.source_hash)
    refuse(stored, PERFTUNE_REFUSED, "its source does not match its hash: the store was altered");
  if (stored.codegen_version != codegen_version()) {
    if (!must) return false;
    refuse(stored, PERFTUNE_STALE,
           "code generator " + stored.codegen_version + " made it, this library goes with " + codegen_version() + ": tune again");
  }
  const auto kept = stored_seal(file_.database(), stored.kernel, structure);
  if (kept == seal({structure, stored.program, stored.language, stored.entry, layout, stored.source})) return true;
  if (!must) return false;
  if (!kept)
    refuse(stored, PERFTUNE_STALE, "the store does not say that it was generated for this operator: tune again");
  refuse(stored, PERFTUNE_REFUSED, "operator, tile program and source do not fit together: the store was altered");
}

std::string StoredCode::binary_of(const StoredBuild& stored, const Hardware& hardware, Kernel& kernel) {
  if (stored.binary.empty()) {
    if (!compile_) refuse(stored, PERFTUNE_NO_KERNEL, "the store keeps no binary of it: tune again");
    kernel.source = stored.source;
    return compile_(kernel, stored.arch);
  }
  if (sqlite::binary_hash(stored.binary) != stored.binary_hash)
    refuse(stored, PERFTUNE_REFUSED, stored.binary_hash.empty() ? "its binary has no hash: tune again"
                                                                : "its binary does not match its hash: the store was altered");
  if (stored.arch != hardware.arch)
    refuse(stored, PERFTUNE_WRONG_ARCHITECTURE, "its binary is for " + stored.arch + ", this is " + hardware.arch);
  file_.require_trust(trust_);
  return stored.binary;
}

}  // namespace perftune
