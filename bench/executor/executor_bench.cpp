// Times the shipped library: opening, lookup, the cost of a launch, ten million launches from eight threads.
//
//   executor_bench STORE NAME M N K [LAUNCHES]      bench/executor/run.sh makes the store
//
// STORE holds 1,000,000 made-up measurements (bench/store) and one operator that was really tuned here: NAME
// with f32 inputs A[m,k], B[k,n] and output C[m,n]. One thread per launch.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include "db/launchables.hpp"
#include "executor/library/store_file.hpp"
#include "executor/loaded_library.hpp"
#include "executor/perftune.hpp"
#include "made_up_store.hpp"

namespace {

using namespace perftune;
using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

double resident_mb() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

struct Product {
  Product(std::int64_t m, std::int64_t n, std::int64_t depth)
      : values{std::vector<float>(static_cast<std::size_t>(m * depth), 1), std::vector<float>(static_cast<std::size_t>(depth * n), 2),
               std::vector<float>(static_cast<std::size_t>(m * n))},
        shapes{{m, depth}, {depth, n}, {m, n}}, k(depth) {
    for (std::size_t i = 0; i < 3; ++i) {
      tensors[i] = {};
      tensors[i].data = values[i].data();
      tensors[i].device.type = PERFTUNE_CPU;
      tensors[i].ndim = 2;
      tensors[i].dtype.code = 2;
      tensors[i].dtype.bits = 32;
      tensors[i].dtype.lanes = 1;
      tensors[i].shape = shapes[i].data();
    }
  }
  api::Tensors pointers() const { return {&tensors[0], &tensors[1], &tensors[2]}; }
  bool right() const {
    return std::ranges::all_of(values[2], [&](float v) { return v == 2 * static_cast<float>(k); });
  }
  std::vector<float> values[3];
  std::vector<std::int64_t> shapes[3];
  perftune_tensor tensors[3];
  std::int64_t k;
};

void time_open(const char* path, const perftune_open_options& options) {
  std::vector<double> times;
  for (int i = 0; i < 31; ++i) {
    const auto start = Clock::now();
    const api::Store store(path, &options);
    times.push_back(us_since(start));
  }
  fmt::print("open: first {:.2f} ms, then {:.2f} ms (median of {})\n", times[0] / 1e3, median(times) / 1e3, times.size());
}

// The query behind every new question, on rows that nothing has asked for before.
void time_rows(const char* path) {
  StoreFile file(path);
  Launchables rows(file.database());
  const auto devices = rows.devices();
  const bench::MadeUpStore shape;
  std::mt19937_64 random(1);
  std::vector<double> times;
  std::size_t found = 0;
  for (int i = 0; i < 5000; ++i) {
    const std::string signature = bench::signature_of(static_cast<int>(random() % 5000), shape);
    const auto start = Clock::now();
    found += rows.winner(signature, devices.front().id, 1).has_value() ? 1U : 0U;
    times.push_back(us_since(start));
  }
  fmt::print("exact winner's row: {:.1f} us (median of {} signatures, {} found)\n", median(times), times.size(), found);
}

void time_find(const api::Store& store, const char* name, const Product& product) {
  const auto pointers = product.pointers();
  const auto start = Clock::now();
  (void)store.find(name, pointers);
  const double first = us_since(start);
  std::vector<double> times;
  for (int i = 0; i < 10'000; ++i) {
    const auto again = Clock::now();
    (void)store.find(name, pointers);
    times.push_back(us_since(again));
  }
  fmt::print("perftune_find: first {:.0f} us (reads, checks the seal, loads), then {:.2f} us\n", first, median(times));
}

// Rounds of many calls, alternating, so that both meet the same machine.
void time_launch(const api::Store& store, const char* name, Product& product) {
  auto launch = store.find(name, product.pointers()).prepare(product.pointers());
  std::vector<double> with, check;
  constexpr int kCalls = 20'000;
  // What a direct call costs is the launch minus the library's part: handle, indirection, status.
  struct Nothing {
    static void call(const void*, const void*) {}
  };
  void (*volatile direct)(const void*, const void*) = &Nothing::call;
  for (int round = 0; round < 21; ++round) {
    auto start = Clock::now();
    for (int i = 0; i < kCalls; ++i) launch.run();
    with.push_back(us_since(start) / kCalls);
    start = Clock::now();
    for (int i = 0; i < kCalls; ++i) direct(nullptr, nullptr);
    check.push_back(us_since(start) / kCalls);
  }
  fmt::print("prepared launch of {}: {:.4f} us, an empty function {:.4f} us\n", name, median(with), median(check));
}

void many_launches(const api::Store& store, const char* name, std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t total) {
  constexpr int kThreads = 8;
  std::atomic<int> wrong = 0;
  double before = 0;
  const auto start = Clock::now();
  const auto run = [&](std::int64_t launches) {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, launches] {
        Product product(m, n, k);
        const auto kernel = store.find(name, product.pointers());
        auto launch = kernel.prepare(product.pointers());
        for (std::int64_t i = 0; i < launches / kThreads; ++i) {
          launch.run();
          if (i % 1000 == 0) kernel.run(product.pointers());  // and the checked way
        }
        if (!product.right()) ++wrong;
      });
    for (std::thread& thread : threads) thread.join();
  };
  run(total / 20);
  before = resident_mb();
  run(total);
  fmt::print("{} launches from {} threads: {:.1f} s, {} threads with wrong results, resident {:.2f} MB after warm-up, {:.2f} MB "
             "after\n", total, kThreads, us_since(start) / 1e6, wrong.load(), before, resident_mb());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return fmt::print(stderr, "executor_bench STORE NAME M N K [LAUNCHES]\n"), 2;
  try {
    const std::int64_t m = std::stoll(argv[3]), n = std::stoll(argv[4]), k = std::stoll(argv[5]);
    perftune_open_options options{};
    options.struct_size = sizeof options;
    options.threads = 1;
    time_open(argv[1], options);
    time_rows(argv[1]);
    const api::Store store(argv[1], &options);
    Product product(m, n, k);
    time_find(store, argv[2], product);
    time_launch(store, argv[2], product);
    many_launches(store, argv[2], m, n, k, argc > 6 ? std::stoll(argv[6]) : 10'000'000);
  } catch (const std::exception& error) {
    return fmt::print(stderr, "{}\n", error.what()), 1;
  }
  return 0;
}
