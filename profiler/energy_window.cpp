#include "profiler/energy_window.hpp"

#include <algorithm>

namespace perftune {
namespace {

constexpr int kRounds = 3;
constexpr double kWindowSeconds = 0.5;    // 5 steps of the slowest counter
constexpr double kPatienceSeconds = 2;
constexpr double kBatchUs = 500;  // of launches between two looks: well below a step of NVML's counter

}  // namespace

std::optional<EnergyReading> read_energy(const EnergySource& source, double launch_us, double window_seconds,
                                         double patience_seconds, std::string& why_not) {
  const int batch = static_cast<int>(std::clamp(kBatchUs / std::max(launch_us, 1e-3), 1.0, 1e6));
  struct Step {
    double joules, launches, seconds;
  };
  std::optional<Step> first;
  double launches = 0, moved_at = source.seconds();
  std::optional<double> last = source.joules();
  while (last) {
    source.run(batch);
    launches += batch;
    const std::optional<double> now = source.joules();
    const double seconds = source.seconds();
    if (!now) break;
    if (*now != *last) {
      const Step step{*now, launches, seconds};
      if (!first) first = step;
      else if (seconds - first->seconds >= window_seconds)
        return EnergyReading{(step.joules - first->joules) / (step.launches - first->launches), step.launches - first->launches,
                             step.seconds - first->seconds};
      moved_at = seconds;
    } else if (seconds - moved_at > patience_seconds) {
      why_not = "the energy counter does not move";
      return std::nullopt;
    }
    last = now;
  }
  why_not = "the energy counter stopped answering";
  return std::nullopt;
}

std::vector<std::vector<double>> energy_rounds(std::size_t count, std::string& why_not,
                                               const std::function<EnergySource(std::size_t kernel)>& source) {
  std::vector<std::vector<double>> joules(count);
  std::vector<double> launch_us(count);
  for (int round = 0; round < kRounds; ++round)
    for (std::size_t i = 0; i < count; ++i) {
      const EnergySource one = source(i);
      if (round == 0) {  // how long it takes, roughly; warm from the first call on
        one.run(1);
        const double start = one.seconds();
        one.run(2);
        launch_us[i] = (one.seconds() - start) / 2 * 1e6;
      }
      const auto reading = read_energy(one, launch_us[i], kWindowSeconds, kPatienceSeconds, why_not);
      if (!reading) return {};
      joules[i].push_back(reading->joules_per_launch);
    }
  return joules;
}

}  // namespace perftune
