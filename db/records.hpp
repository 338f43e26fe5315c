// The rows of a store as values. describe() makes them from the house's own types; importers fill
// them from elsewhere. Times carry their unit; texts are UTF-8 and may hold anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/kernel.hpp"
#include "db/outcome.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// Row numbers of one store file; meaningless in another one.
enum class HardwareId : std::int64_t {};
enum class OperatorId : std::int64_t {};
enum class RunId : std::int64_t {};
enum class MeasurementId : std::int64_t {};

// The same device model is the same row: name, vendor name, architecture and unit count.
struct HardwareRecord {
  std::string name;           // "a100-sxm-80gb", "cpu-local"
  std::string vendor_name;    // tells one "cpu-local" from another
  std::string kind = "gpu";   // "gpu" | "cpu"
  std::string arch;           // "sm_80", "avx512"
  std::int64_t units = 0;     // SMs or cores
  std::string description{};  // YAML that parse_hardware reads; the newest one is kept
};
HardwareRecord describe(const Hardware& hardware);

// The same computation is the same row, whatever it is called: names and definitions add up.
struct OperatorRecord {
  std::string signature;
  std::string structure;
  std::string name;
  std::string family;  // "contraction"
  std::string dtype;   // of the first input
  Dims dims;
  double flops = 0;
  double compulsory_bytes = 0;
  std::string definition;  // operator file text at these dims; empty: cannot be rebuilt
};
OperatorRecord describe(const Operator& op, std::string_view family, std::string_view definition);

struct KernelRecord {
  std::string id;  // Kernel::id()
  std::string family;
  std::string target;
  std::string program;   // canonical text
  std::string language;  // "cuda" | "cpp"
  std::string entry;
  std::string source;  // empty for imported measurements
  std::string layout{};  // layout_text of its arguments (origins.hpp); empty when read back
};
KernelRecord describe(const Kernel& kernel);

// What turned source into a binary. Part of the validity key.
struct Toolchain {
  std::string arch;  // "sm_90a", "avx512": the instruction set spelt out
  std::string codegen_version;
  std::string compiler;  // "nvrtc 12.4", "g++ 12.2.0"
  std::string flags;
  auto operator<=>(const Toolchain&) const = default;
};

// Validity decides hit or miss: a recorded outcome answers for a candidate only if all of this is
// equal (and the hardware row, and the tile program).
struct Validity {
  std::string signature;
  Toolchain toolchain;
  std::string policy;  // Policy::text(), which holds the threads
};

// Provenance never decides: a difference in driver or device only marks a row stale.
struct Provenance {
  std::string driver;
  std::string toolkit;
  std::string device_serial;
  std::string host;
  std::string perftune_version;
  std::optional<double> clock_mhz;  // while measuring
  std::int64_t taken_at_ms = 0;     // Unix time; 0: now
};
// Why a row taken under `then` should be verified again under `now`; empty when it need not.
std::string stale_because(const Provenance& then, const Provenance& now);

// The model's view of a candidate, as plain numbers: the store knows no model.
struct PredictedTime {
  double us = 0;
  double low_us = 0;
  double high_us = 0;
  std::string limiter;
};

enum class Phase { screening, confirmation };
std::string_view name(Phase phase);
std::optional<Phase> parse_phase(std::string_view text);

// One outcome of one candidate and everything that could have influenced it.
struct MeasurementRecord {
  OperatorId op{};
  HardwareId hardware{};
  KernelRecord kernel;
  Toolchain toolchain;
  std::string policy;
  Phase phase = Phase::screening;
  std::optional<PredictedTime> predicted;
  std::optional<double> roofline_us;  // the least time the hardware allows
  Outcome outcome;
  Provenance provenance;
};

// The same, read back. `outcome.timing->samples_us` and `outcome.binary` stay empty: see
// Store::samples and Store::binary.
struct RecordedOutcome {
  MeasurementId id{};
  std::string kernel;  // KernelRecord::id
  std::string program;
  Phase phase = Phase::screening;
  std::optional<PredictedTime> predicted;
  Outcome outcome;
  Provenance provenance;
};

enum class Basis { measured, predicted };
std::string_view name(Basis basis);
std::optional<Basis> parse_basis(std::string_view text);

// The decision of one run. A winner that is only predicted says so.
struct WinnerRecord {
  KernelRecord kernel;
  Toolchain toolchain;
  Basis basis = Basis::predicted;
  std::optional<double> measured_us{};  // from the confirmation, not the screening
  std::optional<double> predicted_us{};
  std::optional<double> roofline_us{};  // absent: that of the kernel's latest measurement
  std::vector<std::string> ties{};  // kernel ids within noise of the winner
  std::int64_t decided_at_ms = 0;   // 0: now
  Provenance provenance{};          // of its latest measurement; filled when read
};

enum class RunState { running, finished, interrupted, failed };
std::string_view name(RunState state);

// A candidate that waits for a device: everything needed to build and time it.
struct PendingCandidate {
  MeasurementId id{};
  OperatorId op{};
  std::string operator_name;
  std::string definition;  // parse_operator_text reads it
  std::string signature;
  KernelRecord kernel;
  Toolchain toolchain;
  std::string policy;
  std::optional<PredictedTime> predicted;
};

}  // namespace perftune
