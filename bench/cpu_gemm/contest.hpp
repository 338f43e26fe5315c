// Times contenders in turn, round by round, so that what disturbs the machine disturbs all.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace perftune::bench {

struct Contender {
  std::string name;
  std::function<void()> call;
  std::vector<double> us;  // one per round
};

// Each turn: two calls to warm caches and wake threads, then calls for at least `turn_us`, then a
// pause in which the contender's threads go to sleep (they would hold the other core).
// Clock::processor counts this process's processor time: with one thread, a figure that others on the
// machine disturb less. With more threads it is their sum, waiting included.
enum class Clock { wall, processor };
void contest(std::vector<Contender>& contenders, int rounds, double turn_us, Clock clock = Clock::wall);

}  // namespace perftune::bench
