#include "bench/cpu_gemm/contest.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace perftune::bench {
namespace {

double now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::micro>(now).count();
}

double turn(const std::function<void()>& call, double turn_us) {
  call();
  const double warm = now_us();
  call();
  const double one = std::max(0.1, now_us() - warm);
  const int calls = std::max(1, static_cast<int>(turn_us / one));
  const double begin = now_us();
  for (int i = 0; i < calls; ++i) call();
  return (now_us() - begin) / calls;
}

}  // namespace

void contest(std::vector<Contender>& contenders, int rounds, double turn_us) {
  for (int round = 0; round < rounds; ++round)
    for (Contender& contender : contenders) {
      contender.us.push_back(turn(contender.call, turn_us));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

}  // namespace perftune::bench
