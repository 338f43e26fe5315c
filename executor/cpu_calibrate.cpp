#include "executor/cpu_calibrate.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <vector>

#include "executor/cpu_detect.hpp"
#include "executor/thread_pool.hpp"
#include "recipes/error.hpp"

namespace perftune {

namespace {

using Clock = std::chrono::steady_clock;

// Anonymous memory in 2 MB pages where the kernel grants them: with 4 KB pages the TLB, not the
// memory, would be measured.
class Pages {
 public:
  explicit Pages(std::size_t bytes) : bytes_(bytes) {
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("calibration needs {} MiB of memory", bytes >> 20));
    }
    data_ = static_cast<std::byte*>(at);
    madvise(at, bytes, MADV_HUGEPAGE);
  }
  ~Pages() { munmap(data_, bytes_); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  std::byte* data() const { return data_; }
  std::size_t size() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

struct Trial {
  double best_rate = 0;  // units per second, all members together
  int trials = 0;
  double seconds = 0;  // of the best one
};

// The seconds that `work(i)` takes on every thread i of `pool` at once.
double run_on_all(ThreadPool& pool, std::function<void(int)> work) {
  const auto start = Clock::now();
  pool.run(
      pool.threads(),
      [](void* argument, int index) { (*static_cast<std::function<void(int)>*>(argument))(index); },
      &work);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// How often this process was made to give up a processor: other load took it.
struct Disturbance {
  long preempted = 0;
  bool operator==(const Disturbance&) const = default;
  static Disturbance so_far() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return {usage.ru_nivcsw};
  }
};

// `work(member, repeats)` does repeats * units of work. The number of repeats grows until a trial
// takes `trial_seconds`, so that starting together costs below a percent of it.
Trial best_of(ThreadPool& pool, double units, double trial_seconds, double budget_seconds,
              const std::function<void(int, std::int64_t)>& work) {
  Trial trial;
  const auto begin = Clock::now();
  std::int64_t repeats = 1;
  const auto spent = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  // A trial that lost its processor to somebody else says nothing about the machine. Such trials
  // do not count, but only for as long as there is hope of undisturbed ones.
  const double patience = 10 * budget_seconds;
  while (trial.trials < 3 || spent() < budget_seconds) {
    const Disturbance before = Disturbance::so_far();
    const double seconds = run_on_all(pool, [&](int member) { work(member, repeats); });
    const bool disturbed = Disturbance::so_far() != before && spent() < patience;
    // The number of repeats follows from undisturbed trials: a long one must not end its growth.
    if (disturbed && seconds > trial_seconds / 2) continue;
    if (seconds < trial_seconds / 2 && repeats < (std::int64_t{1} << 40)) {
      const double growth = trial_seconds / std::max(seconds, 1e-7);
      repeats = std::max(repeats + 1, static_cast<std::int64_t>(static_cast<double>(repeats) *
                                                                std::min(growth, 1000.0)));
      continue;
    }
    const double rate = units * static_cast<double>(repeats) * pool.threads() / seconds;
    ++trial.trials;
    if (rate > trial.best_rate) {
      trial.best_rate = rate;
      trial.seconds = seconds;
    }
  }
  return trial;
}

class Calibration {
 public:
  Calibration(const Hardware& hardware, CalibrationEffort effort, std::string date)
      : hardware_(hardware),
        isa_(hardware.cpu.isa == name(CpuIsa::avx512) ? CpuIsa::avx512 : CpuIsa::avx2),
        budget_(effort == CalibrationEffort::quick ? 0.03 : 0.35),
        trial_(effort == CalibrationEffort::quick ? 0.002 : 0.005),
        date_(std::move(date)),
        dram_bytes_(4 * std::max<std::int64_t>(hardware.cpu.l3_bytes, 16 << 20)) {
    // Filling memory is slow; beyond these sizes it would take longer than measuring it.
    const std::int64_t most = effort == CalibrationEffort::quick ? 256 << 20 : 1024 << 20;
    dram_bytes_ = std::min(dram_bytes_, std::max(most, 2 * hardware.cpu.l3_bytes));
  }

  void measure(const std::vector<int>& cpus, const std::string& suffix) {
    ThreadPool pool(static_cast<int>(cpus.size()), cpus);
    measure_fma(pool, suffix);
    measure_memory(pool, suffix);
  }

  std::map<std::string, Hardware::Measured> values;

 private:
  void keep(const std::string& key, const ThreadPool& pool, const Trial& trial, double scale,
            const std::string& what) {
    values[key] = {
        trial.best_rate / scale,
        fmt::format("measured {}: {}, {} pinned thread{}, best of {} trials of {:.1f} ms", date_,
                    what, pool.threads(), pool.threads() == 1 ? "" : "s", trial.trials,
                    trial.seconds * 1e3)};
  }

  void measure_fma(ThreadPool& pool, const std::string& suffix) {
    constexpr std::int64_t rounds = 1000;
    const auto lanes32 = static_cast<double>(hardware_.cpu.simd_bits / 32);
    const double vectors = static_cast<double>(independent_fmas_f32(isa_, 1)) * rounds;
    const std::string what = fmt::format("independent {} FMAs", hardware_.cpu.isa);
    keep("fma_f32_tflops" + suffix, pool,
         best_of(pool, vectors * lanes32 * 2, trial_, budget_,
                 [this](int, std::int64_t n) { independent_fmas_f32(isa_, n * rounds); }),
         1e12, what);
    keep("fma_f64_tflops" + suffix, pool,
         best_of(pool, vectors * lanes32, trial_, budget_,
                 [this](int, std::int64_t n) { independent_fmas_f64(isa_, n * rounds); }),
         1e12, what);
  }

  // Bytes per member, in whole blocks of the read loop.
  static std::size_t blocks(std::int64_t bytes) {
    return static_cast<std::size_t>(std::max<std::int64_t>(bytes / 2048, 1)) * 2048;
  }

  void measure_memory(ThreadPool& pool, const std::string& suffix) {
    const CpuLimits& cpu = hardware_.cpu;
    const std::int64_t share = dram_bytes_ / pool.threads();
    Pages pages(blocks(share) * static_cast<std::size_t>(pool.threads()));
    const auto part = [&](int member) {
      return pages.data() + blocks(share) * static_cast<std::size_t>(member);
    };
    // First touch by the member that reads it: near memory on a machine with several nodes.
    run_on_all(pool, [&](int member) { std::memset(part(member), 1, blocks(share)); });

    const auto level = [&](const std::string& key, std::int64_t bytes, bool cached) {
      const std::size_t size = blocks(std::min(bytes, share));
      const auto rate = [&](auto read) {
        return best_of(pool, static_cast<double>(size), trial_, budget_,
                       [&, read](int member, std::int64_t repeats) {
                         for (std::int64_t i = 0; i < repeats; ++i) {
                           read(isa_, part(member), size);
                         }
                       });
      };
      Trial best = rate(read_plain);
      const char* how = "plain reads";
      if (!cached) {
        if (const Trial streaming = rate(read_streaming); streaming.best_rate > best.best_rate) {
          best = streaming;
          how = "reads with prefetchnta";
        }
      }
      keep(key + suffix, pool, best, 1e9, fmt::format("{}, {} KiB per thread", how, size >> 10));
    };
    if (cpu.l1_bytes > 0) level("l1_gbps", cpu.l1_bytes / 2, true);
    if (cpu.l2_bytes > 0) level("l2_gbps", std::max(cpu.l2_bytes / 2, 2 * cpu.l1_bytes), true);
    if (cpu.l3_bytes > 0) {
      // Below half of L3 in total, but well past each core's L2.
      const std::int64_t each = cpu.l3_bytes / (2 * pool.threads());
      level("l3_gbps", std::max(each, 2 * cpu.l2_bytes), true);
    }
    level("dram_gbps", share, false);

    const std::size_t half = blocks(share / 2);
    if (2 * half > blocks(share)) return;
    keep("dram_copy_gbps" + suffix, pool,
         best_of(pool, 2.0 * static_cast<double>(half), trial_, budget_,
                 [&](int member, std::int64_t repeats) {
                   for (std::int64_t i = 0; i < repeats; ++i) {
                     copy_streaming(isa_, part(member) + half, part(member), half);
                   }
                 }),
         1e9, fmt::format("copies with non-temporal stores, {} KiB per thread", half >> 10));
  }

  const Hardware& hardware_;
  CpuIsa isa_;
  double budget_;  // seconds per value
  double trial_;   // seconds per trial
  std::string date_;
  std::int64_t dram_bytes_;
};

}  // namespace

std::map<std::string, Hardware::Measured> all_cores_at_least_one(
    std::map<std::string, Hardware::Measured> values) {
  const std::string suffix = "_1t";
  for (const auto& [key, one] : std::map(values)) {
    if (!key.ends_with(suffix)) continue;
    Hardware::Measured& all = values[key.substr(0, key.size() - suffix.size())];
    if (all.value >= one.value) continue;
    all.value = one.value;
    all.source = one.source + "; all threads together came out lower, disturbed by other load";
  }
  return values;
}

std::map<std::string, Hardware::Measured> calibrate_cpu(const Hardware& hardware,
                                                        const CpuTopology& topology,
                                                        CalibrationEffort effort,
                                                        const std::string& date) {
  Calibration calibration(hardware, effort, date);
  calibration.measure({topology.cores.front()}, "_1t");
  calibration.measure(topology.cores, "");
  return all_cores_at_least_one(std::move(calibration.values));
}

}  // namespace perftune
