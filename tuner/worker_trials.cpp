#include "tuner/worker_trials.hpp"

#include "recipes/definition.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

// An interrupt is not an error of the tune: what finished is the result.
template <class Wait>
auto unless_interrupted(Wait wait) -> decltype(wait()) {
  try {
    return wait();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) return std::nullopt;
    throw;
  }
}

}  // namespace

WorkerTrials::WorkerTrials(const EmitterRegistry& emitters, WorkerOptions workers,
                           MeasurerOptions options,
                           std::map<std::string, Toolchain, std::less<>> toolchains)
    : options_(options),
      toolchains_(std::move(toolchains)),
      pool_(std::move(workers)),
      measurer_(pool_, emitters, std::move(options)) {}

Toolchain WorkerTrials::toolchain(std::string_view target) const {
  const auto it = toolchains_.find(target);
  if (it == toolchains_.end())
    throw Error(ErrorKind::internal, "no toolchain for target " + std::string(target));
  return it->second;
}

void WorkerTrials::submit(int ticket, const Operator& op, const TileProgram& program) {
  measurer_.submit(ticket, op, definition(op), program);
}

void WorkerTrials::submit_built(int ticket, const Operator& op, const TileProgram& program, std::string binary) {
  measurer_.submit_built(ticket, op, definition(op), program, std::move(binary));
}

std::optional<Trial> WorkerTrials::next(std::chrono::steady_clock::time_point deadline) {
  return unless_interrupted([&]() -> std::optional<Trial> {
    auto finished = measurer_.next(deadline);
    if (!finished) return std::nullopt;
    return Trial{finished->ticket, std::move(finished->kernel), std::move(finished->outcome)};
  });
}

std::optional<std::vector<double>> WorkerTrials::energy(const Operator& op, std::span<const TileProgram> programs,
                                                        std::string& why_not) {
  return unless_interrupted([&] { return measurer_.energy(op, definition(op), programs, why_not); });
}

std::optional<Confirmation> WorkerTrials::confirm(const Operator& op,
                                                  std::span<const TileProgram> programs,
                                                  std::optional<Outcome>& failure) {
  return unless_interrupted([&]() -> std::optional<Confirmation> {
    Failure why;
    auto confirmed = measurer_.confirm(op, definition(op), programs, why);
    if (!confirmed) {
      failure.emplace();
      failure->kind = why.kind;
      failure->detail = std::move(why.detail);
      return std::nullopt;
    }
    return Confirmation{confirmed->fastest, std::move(confirmed->timings),
                        std::move(confirmed->ties), confirmed->noise};
  });
}

}  // namespace perftune
