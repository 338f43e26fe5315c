// A store as a library of kernels: what is best for an operator at a shape on this machine, loaded and
// bound. The C API (perftune.h) is a thin skin over it; in-process callers use it as it is:
//
//     KernelLibrary library("perftune.db", {});
//     const Found found = library.find(op);                  // exact, bucket, nearest or default
//     std::optional<Refusal> refusal;
//     auto launch = found.kernel->prepare(tensors, {}, refusal);
//     launch->run();
//
// Thread-safe. Answers are kept: asking again costs a hash of the question. What another process writes
// to the store meanwhile is seen by new questions.
//
// Failure: StatusError with a status of perftune.h and one line. A kernel has to be this version's code
// generator's; its seal (db/origins.hpp) has to say that its source was generated for this operator from its
// tile program, with the arguments that a launch passes here; source and binary have to match their hashes;
// and the file has to be trusted before its code is loaded.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/records.hpp"
#include "executor/library/bound_kernel.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

struct LibraryOptions {
  perftune_device_type device = PERFTUNE_CPU;
  int ordinal = 0;
  int threads = 0;                              // CPU: of one launch; 0: one per core
  perftune_trust trust = PERFTUNE_TRUST_OWN;
  std::vector<std::string> driver_folders;      // searched for libcuda first
  std::vector<std::string> nvrtc_folders;       // only these for libnvrtc, loaded when it is needed; empty: as usual
  // Makes a binary where the store has none that fits; empty: such kernels are refused. `isa` is the
  // architecture's name. Throws what it likes.
  std::function<std::string(const Kernel& kernel, const std::string& arch)> compile;
};

struct Found {
  std::shared_ptr<const BoundKernel> kernel;
  perftune_hit hit = PERFTUNE_HIT_EXACT;
  bool measured = false;
  double stored_us = 0;
  double estimated_us = 0;
  std::string signature, program, kernel_id, tuned_on;
  Dims tuned_at;
  bool same_device = true;  // `tuned_on` is this very model
  std::string note;         // why it is not the winner, where that one calls a library that is not here
};

class KernelLibrary {
 public:
  explicit KernelLibrary(const std::string& path, LibraryOptions options = {});
  ~KernelLibrary();
  KernelLibrary(const KernelLibrary&) = delete;
  KernelLibrary& operator=(const KernelLibrary&) = delete;

  // By an operator at its shape, however it was made.
  std::shared_ptr<const Found> find(const Operator& op, perftune_policy policy = PERFTUNE_ANY);
  // By the name that it was tuned under, with all base dimensions. `dtype` of the first input decides
  // between several; empty: there is but one.
  std::shared_ptr<const Found> find(const std::string& name, const Dims& dims, const std::string& dtype,
                                    perftune_policy policy = PERFTUNE_ANY);
  // The same with the dimensions that tensors show; `dims` adds what they do not.
  std::shared_ptr<const Found> find(const std::string& name, std::span<const TensorArgument> tensors, Dims dims,
                                    const std::string& dtype, perftune_policy policy = PERFTUNE_ANY);
  std::shared_ptr<const Found> find_signature(const std::string& signature, perftune_policy policy = PERFTUNE_ANY);

  // The store's row for this machine; nullptr: nothing was tuned for it.
  const Hardware* hardware() const;
  const std::shared_ptr<Runtime>& runtime() const;
  std::vector<std::string> names();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace perftune
