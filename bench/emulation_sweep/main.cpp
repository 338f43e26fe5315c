// Many random combinations of shape, layout, type, target and program, emulated against the oracle.
//
// Usage: emulation_sweep [--count N] [--seed FIRST] [--target TARGET]
// Two threads. Exit code 1 when one disagrees; each that does is printed with its seed, which alone
// runs it again.
#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <future>
#include <iostream>
#include <map>
#include <mutex>

#include "cli/wire.hpp"
#include "combination.hpp"

namespace {

struct Tally {
  std::map<std::string, int> right;  // by target
  int wrong = 0;
};

Tally sweep(std::uint64_t first, int count, const std::string& target) {
  using namespace perftune;
  const Slices slices = make_slices();
  Tally tally;
  std::mutex mutex;
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int i = next++; i < count; i = next++) {
      const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
      const bench::Combination drawn = bench::draw(seed, slices, target);
      const std::string wrong = bench::run(drawn, slices);
      const std::scoped_lock lock(mutex);
      if (wrong.empty()) {
        ++tally.right[drawn.program.target];
      } else {
        ++tally.wrong;
        std::cout << fmt::format("seed {}: {}\n  {}\n", seed, drawn.text(), wrong) << std::flush;
      }
    }
  };
  auto other = std::async(std::launch::async, work);
  work();
  other.get();
  return tally;
}

}  // namespace

int main(int argc, char** argv) try {
  std::uint64_t first = 1;
  int count = 300;
  std::string target;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--count") count = std::stoi(value);
    else if (option == "--seed") first = std::stoull(value);
    else if (option == "--target") target = value;
    else throw std::runtime_error("unknown option " + option);
  }
  const Tally tally = sweep(first, count, target);
  for (const auto& [name, right] : tally.right)
    std::cout << fmt::format("{}: {} agree with the oracle\n", name, right);
  std::cout << fmt::format("{} of {} disagree\n", tally.wrong, count);
  return tally.wrong == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "emulation_sweep: " << error.what() << '\n';
  return 2;
}
