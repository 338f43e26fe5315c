#include "executor/library/stored_code.hpp"

#include <algorithm>
#include <utility>

#include "codegen/version.hpp"
#include "db/origins.hpp"
#include "db/rows.hpp"
#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

[[noreturn]] void refuse(const StoredBuild& stored, perftune_status status, std::string_view what) {
  perftune::refuse(status, words("kernel {}: {}", stored.kernel, what));
}

std::string for_another(const StoredBuild& stored, const Hardware& hardware) {
  return words("its binary is for {}, this is {}", stored.arch, hardware.arch);
}

}  // namespace

std::string for_capability(const std::string& source, int compute_capability) {
  constexpr std::string_view define = "#define PT_ARCH ";
  const std::size_t at = source.find(define);
  if (at == std::string::npos) return {};
  const std::size_t digits = at + define.size(), end = source.find('\n', digits);
  return source.substr(0, digits) + std::to_string(compute_capability * 10) + source.substr(std::min(end, source.size()));
}

void StoredCode::use(std::shared_ptr<Runtime> runtime, perftune_trust trust, Compile compile,
                     std::vector<std::string> nvrtc_folders) {
  runtime_ = std::move(runtime);
  trust_ = trust;
  compile_ = std::move(compile);
  nvrtc_folders_ = std::move(nvrtc_folders);
}

std::shared_ptr<void> StoredCode::load(std::int64_t build, const std::string& structure, const Hardware& hardware,
                                       Kernel& kernel, bool must) {
  const std::string layout = layout_text(kernel.arguments);
  const std::string fit = structure + '\1' + layout;
  const auto known = loaded_.find(build);
  if (known != loaded_.end() && known->second.fits.contains(fit)) return known->second.code;
  const auto stored = rows_.build(build);
  if (!stored) refuse(PERFTUNE_BAD_STORE, "the store is damaged: a winner without its build");
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
           words("code generator {} made it, this library goes with {}: tune again", stored.codegen_version, codegen_version()));
  }
  const auto kept = stored_seal(file_.database(), stored.kernel, structure);
  if (kept == seal({structure, stored.program, stored.language, stored.entry, layout, stored.source})) return true;
  if (!must) return false;
  if (!kept)
    refuse(stored, PERFTUNE_STALE, "the store does not say that it was generated for this operator: tune again");
  refuse(stored, PERFTUNE_REFUSED, "operator, tile program and source do not fit together: the store was altered");
}

std::string StoredCode::binary_of(const StoredBuild& stored, const Hardware& hardware, Kernel& kernel) {
  const bool on_gpu = kernel.language == Kernel::Language::cuda;
  if (on_gpu && !compile_ && (stored.binary.empty() || stored.arch != hardware.arch)) return compiled_here(stored, hardware);
  if (stored.binary.empty()) {
    if (!compile_) refuse(stored, PERFTUNE_NO_KERNEL, "the store keeps no binary of it: tune again");
    kernel.source = stored.source;
    return compile_(kernel, stored.arch);
  }
  if (sqlite::binary_hash(stored.binary) != stored.binary_hash)
    refuse(stored, PERFTUNE_REFUSED, stored.binary_hash.empty() ? "its binary has no hash: tune again"
                                                                : "its binary does not match its hash: the store was altered");
  if (stored.arch != hardware.arch) refuse(stored, PERFTUNE_WRONG_ARCHITECTURE, for_another(stored, hardware));
  file_.require_trust(trust_);
  return stored.binary;
}

std::string StoredCode::compiled_here(const StoredBuild& stored, const Hardware& hardware) {
  file_.require_trust(trust_);
  const std::string need =
      (stored.binary.empty() ? "the store keeps no binary of it" : for_another(stored, hardware)) + ", and its source ";
  const std::string source = for_capability(stored.source, hardware.compute_capability);
  const std::vector<DeviceHeader> headers = stored_headers(file_.database(), stored.codegen_version);
  if (source.empty() || headers.empty()) refuse(stored, PERFTUNE_STALE, need + "lacks the device headers: tune again");
  if (!nvrtc_) try {
      nvrtc_.emplace(LibrarySearch(nvrtc_folders_, !nvrtc_folders_.empty()));
    } catch (const Error& error) {
      refuse(stored, PERFTUNE_WRONG_ARCHITECTURE, need + "cannot be compiled here: " + error.what());
    }
  auto made = nvrtc_->compile(source, stored.entry + ".cu", headers, hardware.arch);
  if (!made.ok) refuse(stored, PERFTUNE_WRONG_ARCHITECTURE, need + "does not compile for it: " + made.why_not);
  return std::move(made.image);
}

}  // namespace perftune
