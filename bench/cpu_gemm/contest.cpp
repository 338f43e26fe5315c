#include "bench/cpu_gemm/contest.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

namespace perftune::bench {
namespace {

// OpenMP's threads spin after a call (libgomp: 300,000 pauses, some 10 ms) on the core that the next
// contender needs: with less than that between them whoever came after one took up to twice as long.
constexpr std::chrono::milliseconds kQuiet{25};

double now_us(Clock clock) {
  if (clock == Clock::processor) {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) * 1e-3;
  }
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::micro>(now).count();
}

double turn(const std::function<void()>& call, double turn_us, Clock clock) {
  call();
  const double warm = now_us(clock);
  call();
  const double one = std::max(0.1, now_us(clock) - warm);
  const int calls = std::max(1, static_cast<int>(turn_us / one));
  const double begin = now_us(clock);
  for (int i = 0; i < calls; ++i) call();
  return (now_us(clock) - begin) / calls;
}

}  // namespace

void contest(std::vector<Contender>& contenders, int rounds, double turn_us, Clock clock) {
  for (int round = 0; round < rounds; ++round)
    for (Contender& contender : contenders) {
      contender.us.push_back(turn(contender.call, turn_us, clock));
      std::this_thread::sleep_for(kQuiet);
    }
}

}  // namespace perftune::bench
