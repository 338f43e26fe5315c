#include "profiler/trial_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace perftune {
namespace {

std::vector<std::byte> contents(const Operator& op, Device& device, int slot) {
  const Tensor& tensor = op.tensors[static_cast<std::size_t>(slot)];
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.bytes()));
  device.read(slot, bytes);
  return bytes;
}

}  // namespace

TrialCase::TrialCase(const Subject& from)
    : subject_(from), signature_(from.op.signature()), verifier_(subject_.op, from.seed) {}

TrialCase& TrialCase::of(const Subject& subject, std::unique_ptr<TrialCase>& kept) {
  if (!kept || kept->subject_.seed != subject.seed || kept->signature_ != subject.op.signature()) {
    kept = std::make_unique<TrialCase>(subject);
  }
  return *kept;
}

std::string TrialCase::digest_of_outputs(Device& device) const {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a, eight bytes at a time
  for (const int slot : op().outputs()) {
    const std::vector<std::byte> bytes = contents(op(), device, slot);
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + i, std::min<std::size_t>(8, bytes.size() - i));
      hash = (hash ^ word) * 1099511628211u;
    }
  }
  return fmt::format("{:016x}", hash);
}

std::optional<std::string> TrialCase::violation(Device& device, const std::string& digest) {
  if (auto wrong = device.guard_violation()) return wrong;
  const std::vector<int> slots = op().inputs();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (contents(op(), device, slots[i]) != verifier_.inputs()[i]) {
      return fmt::format("the kernel changed its input {}",
                         op().tensors[static_cast<std::size_t>(slots[i])].name);
    }
  }
  if (digest_of_outputs(device) == digest) return std::nullopt;
  std::vector<std::vector<std::byte>> stored;
  for (const int slot : op().outputs()) stored.push_back(contents(op(), device, slot));
  const std::vector<std::span<const std::byte>> outputs(stored.begin(), stored.end());
  return verifier_.compare_outputs(outputs);
}

}  // namespace perftune
