#include "executor/emulation/fiber.hpp"

#include <gtest/gtest.h>

#include <string>

namespace perftune::emulation {
namespace {

struct Script {
  Fibers* fibers;
  std::string* log;
  char name;
};

void say_twice(void* argument) {
  auto& script = *static_cast<Script*>(argument);
  script.log->push_back(script.name);
  script.fibers->suspend();
  script.log->push_back(script.name);
}

TEST(Fibers, ContinueWhereTheySuspended) {
  Fibers fibers;
  std::string log;
  Script a{&fibers, &log, 'a'};
  Script b{&fibers, &log, 'b'};
  fibers.reserve(2);
  fibers.prepare(0, say_twice, &a);
  fibers.prepare(1, say_twice, &b);
  for (const std::size_t fiber : {0u, 1u, 1u, 0u}) fibers.resume(fiber);
  EXPECT_EQ(log, "abba");
}

TEST(Fibers, AnAbandonedFiberStartsAfresh) {
  Fibers fibers;
  std::string log;
  Script a{&fibers, &log, 'a'};
  fibers.reserve(1);
  for (int launch = 0; launch < 3; ++launch) {
    fibers.prepare(0, say_twice, &a);
    fibers.resume(0);  // and never again
  }
  EXPECT_EQ(log, "aaa");
}

void throw_and_catch(void* argument) {
  auto& script = *static_cast<Script*>(argument);
  try {
    throw std::string("x");
  } catch (const std::string& text) {
    *script.log += text;
  }
}

TEST(Fibers, ExceptionsUnwindWithinAFiber) {
  Fibers fibers;
  std::string log;
  Script a{&fibers, &log, 'a'};
  fibers.reserve(1);
  fibers.prepare(0, throw_and_catch, &a);
  fibers.resume(0);
  EXPECT_EQ(log, "x");
}

double sum_of_squares(int n) {  // keeps floating-point registers busy across switches
  double sum = 0;
  for (int i = 1; i <= n; ++i) sum += static_cast<double>(i) * i;
  return sum;
}
struct Sum {
  Fibers* fibers;
  double value = 0;
};
void accumulate(void* argument) {
  auto& sum = *static_cast<Sum*>(argument);
  for (int n = 1; n <= 100; ++n) {
    const double before = sum_of_squares(n);
    sum.fibers->suspend();
    sum.value += before;
  }
}

TEST(Fibers, KeepTheirValuesAcrossManySwitches) {
  Fibers fibers;
  std::vector<Sum> sums(300, Sum{&fibers});
  fibers.reserve(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) fibers.prepare(i, accumulate, &sums[i]);
  for (int round = 0; round <= 100; ++round)
    for (std::size_t i = 0; i < sums.size(); ++i) fibers.resume(i);
  for (const Sum& sum : sums) EXPECT_EQ(sum.value, 8670850.0);  // sum over n of n(n+1)(2n+1)/6
}

}  // namespace
}  // namespace perftune::emulation
