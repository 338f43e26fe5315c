// Times the store at a size that years of tuning would reach.
//
//   store_bench [FOLDER [MEASUREMENTS [queries|merge]]]      default: a folder in /tmp, 1,000,000, both
//
// Makes FOLDER/a.db and b.db (kept for the next call) and prints one line per question: the median
// of several calls in this process, the file in the page cache, and the first call after opening.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <random>
#include <vector>

#include "db/merge.hpp"
#include "db/query.hpp"
#include "db/store.hpp"
#include "made_up_store.hpp"

namespace {

using namespace perftune;
using Clock = std::chrono::steady_clock;

double milliseconds(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void time_query(const std::string& path, const std::string& title, const QueryRequest& request) {
  Store store(path, {.mode = StoreMode::read_only});
  std::size_t rows = 0;
  const double first = milliseconds([&] { rows = query(store, request).rows.size(); });
  std::vector<double> times;
  for (int i = 0; i < 9; ++i) times.push_back(milliseconds([&] { query(store, request); }));
  fmt::print("{:<58} {:>4} rows  first {:>8.2f} ms  median {:>8.2f} ms\n", title, rows, first,
             median(times));
}

void time_near(const std::string& path) {
  Store store(path, {.mode = StoreMode::read_only});
  std::vector<double> times;
  for (int i = 0; i < 9; ++i)
    times.push_back(milliseconds([&] { query_near(store, "structure 7", {{"m", 1000}, {"n", 100}, {"k", 200}}, {}); }));
  fmt::print("{:<58} {:>4} rows  first {:>8.2f} ms  median {:>8.2f} ms\n", "near", 50, times.front(), median(times));
}

void time_lookups(const std::string& path, const bench::MadeUpStore& shape) {
  Store store(path, {.mode = StoreMode::read_only});
  const HardwareRecord device{
      .name = "a100-sxm-80gb", .vendor_name = "a100-sxm-80gb", .arch = "sm_80", .units = 108};
  const auto hardware = store.find_hardware(device);
  if (!hardware) return;
  std::mt19937 random(7);
  std::vector<double> times;
  for (int i = 0; i < 20'000; ++i) {
    const std::string signature = bench::signature_of(
        static_cast<int>(random() % static_cast<unsigned>(shape.operators)), shape);
    times.push_back(milliseconds([&] {
      if (!store.winner(signature, *hardware, "cache=cold threads=1 timer=cupti")) std::abort();
    }));
  }
  std::sort(times.begin(), times.end());
  fmt::print("exact winner lookup: median {:.1f} us, 99 % below {:.1f} us\n",
             times[times.size() / 2] * 1e3, times[times.size() * 99 / 100] * 1e3);
}

// Two stores of equal size that share operators and kernels: what two machines of a fleet bring.
void time_merge(const std::filesystem::path& folder, bench::MadeUpStore shape) {
  const std::string into = folder / "merged.db", from = folder / "b.db";
  shape.seed = 2;
  if (!std::filesystem::exists(from)) bench::make_store(from, shape);
  std::filesystem::copy_file(folder / "a.db", into,
                             std::filesystem::copy_options::overwrite_existing);
  for (const char* title : {"merge", "merge again"}) {
    Store to(into, {.mode = StoreMode::read_write});
    Store other(from, {.mode = StoreMode::read_only});
    std::int64_t added = 0;
    const double ms = milliseconds([&] { added = merge(to, other).added.at("measurements"); });
    fmt::print("{} of {} rows into {}: {} added, {:.1f} s\n", title, shape.measurements,
               shape.measurements, added, ms / 1e3);
  }
  std::filesystem::remove(into);
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::filesystem::path folder = argc > 1 ? argv[1] : "/tmp/perftune-store-bench";
  bench::MadeUpStore shape;
  if (argc > 2) shape.measurements = std::atoll(argv[2]);
  std::filesystem::create_directories(folder);
  const std::string what = argc > 3 ? argv[3] : "";
  const std::string path = folder / "a.db";
  if (!std::filesystem::exists(path)) {
    const double made = milliseconds([&] { bench::make_store(path, shape); });
    fmt::print("made {} measurements in {:.1f} s\n", shape.measurements, made / 1e3);
  }
  fmt::print("{}: {:.0f} MB\n", path, static_cast<double>(std::filesystem::file_size(path)) / 1e6);
  fmt::print("open: {:.2f} ms\n",
             milliseconds([&] { Store store(path, {.mode = StoreMode::read_only}); }));
  if (what == "merge") {
    time_merge(folder, shape);
    return 0;
  }
  time_lookups(path, shape);

  using View = QueryRequest::View;
  const auto ask = [&](View view, const std::vector<std::string>& conditions) {
    std::string title = view == View::winners ? "winners" : view == View::top ? "top" : "history";
    for (const std::string& condition : conditions) title += " " + condition;
    time_query(path, title, {.view = view, .conditions = conditions});
  };
  ask(View::winners, {});
  ask(View::winners, {"operator=op_4321"});
  ask(View::winners, {"m>=8000", "n<1000"});
  ask(View::winners, {"dtype=f16", "hardware=h100*", "fraction<0.9"});
  ask(View::winners, {"target=cuda/mma", "family=row"});
  ask(View::winners, {"fraction>=0.99"});
  ask(View::top, {"m>=8000"});
  ask(View::top, {});
  ask(View::history, {});
  ask(View::history, {"operator=op_17"});
  ask(View::history, {"m>=1024", "dtype=f16", "hardware=a100*"});
  ask(View::history, {"m=7920", "status=timed"});
  ask(View::history, {"status=crashed"});
  ask(View::history, {"status=rejected", "family=row"});
  ask(View::history, {"kernel=9e3779b900000007"});
  ask(View::history, {"target=cuda/wgmma"});
  ask(View::history, {"fraction>0.95", "hardware=h100*"});
  ask(View::history, {"fraction<0.2"});
  ask(View::history, {"age<3650d"});
  ask(View::history, {"measured_us>1e12"});
  ask(View::history, {"predicted_us<1e-3"});
  ask(View::history, {"spread<1e-6"});
  ask(View::history, {"spread<0.003", "measured_us>1e5"});
  ask(View::history, {"limiter=launch"});
  ask(View::history, {"verified_by=none"});
  ask(View::history, {"phase=confirmation"});
  ask(View::history, {"host=elsewhere"});
  ask(View::history, {"policy=*warm*"});
  ask(View::history, {"dims=*m=8191 *"});
  ask(View::winners, {"spread<1e-5"});
  ask(View::history, {"tflops>1e6"});
  ask(View::history, {"samples>1000"});
  time_near(path);
  if (what != "queries") time_merge(folder, shape);
  return 0;
}
