// One subject inside a worker: its inputs and oracle, kept from job to job because drawing and
// evaluating them takes longer than most kernels, and the check that follows every timing.
//
// Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "executor/device.hpp"
#include "executor/verification.hpp"
#include "profiler/job_codec.hpp"

namespace perftune {

class TrialCase {
 public:
  explicit TrialCase(const Subject& from);
  TrialCase(const TrialCase&) = delete;
  TrialCase& operator=(const TrialCase&) = delete;

  // The case of `subject`: `kept` when it is that one, else a new one in its place.
  static TrialCase& of(const Subject& subject, std::unique_ptr<TrialCase>& kept);

  const Operator& op() const { return subject_.op; }
  Verifier& verifier() { return verifier_; }

  // Recognises the outputs of the last launch cheaply.
  std::string digest_of_outputs(Device& device) const;

  // What is wrong after the last launch: a guard written, an input changed, or outputs that are
  // neither those with `digest` nor right. nullopt: nothing.
  std::optional<std::string> violation(Device& device, const std::string& digest);

 private:
  Subject subject_;
  std::string signature_;
  Verifier verifier_;
};

}  // namespace perftune
