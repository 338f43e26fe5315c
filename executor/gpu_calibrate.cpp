#include "executor/gpu_calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <variant>

#include "executor/gpu_calibration_source.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kLeastBytes = std::int64_t{1} << 18;

struct alignas(128) Parameters {
  cuda::Pointer data;
  cuda::Pointer sink;
  std::int64_t count;
  std::int64_t passes;
};

class Calibration {
 public:
  Calibration(const cuda::Driver& driver, int ordinal, const Hardware& hardware, const Nvrtc& nvrtc,
              const GpuSensors* sensors, const GpuCalibrationOptions& options)
      : driver_(driver), hardware_(hardware), nvrtc_(nvrtc), sensors_(sensors), options_(options) {
    check(driver_.device_get(&number_, ordinal), "finding the device");
    cuda::Context context = nullptr;
    check(driver_.primary_retain(&context, number_), "making a context");
    check(driver_.set_current(context), "entering the context");
    check(driver_.event_create(&start_, 0), "making an event");
    check(driver_.event_create(&stop_, 0), "making an event");
    // Half of it for copies; DRAM is what does not fit L2 eight times.
    bytes_ = std::min(options.most_bytes, std::max(8 * l2_bytes(), kLeastBytes)) / 4096 * 4096;
    while (driver_.allocate(&data_, static_cast<std::size_t>(bytes_)) != 0) {
      if (bytes_ < 2 * kLeastBytes) throw Error(ErrorKind::unavailable, "calibration: no room on the device for a working set");
      bytes_ = bytes_ / 2 / 4096 * 4096;
    }
    check(driver_.fill(data_, 0, static_cast<std::size_t>(bytes_)), "clearing the working set");
    check(driver_.allocate(&sink_, 4096), "allocating");
  }
  ~Calibration() {
    for (cuda::Module module : modules_) driver_.module_unload(module);
    if (data_ != 0) driver_.release(data_);
    if (sink_ != 0) driver_.release(sink_);
    if (start_ != nullptr) driver_.event_destroy(start_);
    if (stop_ != nullptr) driver_.event_destroy(stop_);
    driver_.primary_release(number_);
  }
  Calibration(const Calibration&) = delete;
  Calibration& operator=(const Calibration&) = delete;

  std::map<std::string, Hardware::Measured> run() {
    for (const CalibrationKernel& kernel : calibration_kernels(hardware_)) {
      const auto function = load(kernel);
      if (!function) continue;
      if (kernel.measures == "read") reads(*function);
      else if (kernel.measures == "copy") copies(*function);
      else if (kernel.measures == "empty") launches(*function);
      else rate(kernel, *function);
    }
    return std::move(values_);
  }

 private:
  void check(cuda::Result result, const char* doing) const {
    if (result == 0) return;
    throw Error(ErrorKind::unavailable, fmt::format("calibration: {}: {}", doing, driver_.error_text(result)));
  }

  std::int64_t l2_bytes() const { return static_cast<std::int64_t>(hardware_.l2_mib * (1 << 20)); }

  std::optional<cuda::Function> load(const CalibrationKernel& kernel) {
    const auto compiled = nvrtc_.compile(kernel.kernel, hardware_.arch);
    const auto* good = std::get_if<CompiledKernel>(&compiled);
    if (good == nullptr) return std::nullopt;
    cuda::Module module = nullptr;
    cuda::Function function = nullptr;
    if (driver_.module_load(&module, good->binary.data()) != 0) return std::nullopt;
    modules_.push_back(module);
    const std::size_t shared = kernel.measures.starts_with("tensor_") && kernel.threads == 128 ? 40960
                               : kernel.measures == "shared"                                   ? 16384
                                                                                               : 0;
    shared_ = static_cast<unsigned>(shared);
    if (driver_.module_function(&function, module, kernel.kernel.entry.c_str()) != 0) return std::nullopt;
    return function;
  }

  // Milliseconds of one launch, by events.
  double launch_ms(cuda::Function function, int blocks, int threads, std::int64_t count, std::int64_t passes) {
    Parameters parameters{data_, sink_, count, passes};
    void* arguments[] = {&parameters};
    check(driver_.event_record(start_, nullptr), "timing");
    check(driver_.launch(function, static_cast<unsigned>(blocks), 1, 1, static_cast<unsigned>(threads), 1, 1, shared_,
                         nullptr, arguments, nullptr),
          "launching");
    check(driver_.event_record(stop_, nullptr), "timing");
    check(driver_.event_synchronize(stop_), "running a calibration kernel");
    float ms = 0;
    check(driver_.event_elapsed_ms(&ms, start_, stop_), "timing");
    return ms;
  }

  // The best rate over launches that are long enough, of `work` per pass: per second.
  double best(cuda::Function function, int blocks, int threads, std::int64_t count, double work) {
    std::int64_t passes = 1;
    const auto begin = Clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
    double ms = launch_ms(function, blocks, threads, count, passes);
    ms = launch_ms(function, blocks, threads, count, passes);  // the first loaded the code
    while (ms < options_.launch_ms && passes < (std::int64_t{1} << 40) && elapsed() < options_.seconds_per_value) {
      passes *= std::clamp<std::int64_t>(static_cast<std::int64_t>(options_.launch_ms / std::max(ms, 1e-4)), 2, 16);
      ms = launch_ms(function, blocks, threads, count, passes);
    }
    double least = ms;
    for (int trial = 0; trial < 3 || (elapsed() < options_.seconds_per_value && trial < 100); ++trial)
      least = std::min(least, launch_ms(function, blocks, threads, count, passes));
    passes_ = passes;
    return work * static_cast<double>(passes) / (std::max(least, 1e-6) * 1e-3);
  }

  void keep(const std::string& key, double value, const std::string& how) {
    values_[key] = {value, fmt::format("perftune calibration {}: {}", options_.date, how)};
  }

  int blocks(int per_sm) const { return per_sm * std::max(hardware_.sms, 1); }

  double read_gbps(cuda::Function function, std::int64_t bytes, int per_sm) {
    return best(function, blocks(per_sm), 256, bytes / 16, static_cast<double>(bytes)) * 1e-9;
  }

  void reads(cuda::Function function) {
    double l2 = 0, dram = 0;
    std::int64_t l2_at = 0;
    std::vector<std::int64_t> sizes;
    for (std::int64_t size = std::max<std::int64_t>(l2_bytes() / 16, 4096); size < bytes_; size *= 2) sizes.push_back(size / 4096 * 4096);
    sizes.push_back(bytes_);
    for (const std::int64_t size : sizes) {
      const double gbps = read_gbps(function, size, options_.blocks_per_sm);
      const std::string how = fmt::format("{} KiB read, {} blocks of 256 threads per SM", size >> 10, options_.blocks_per_sm);
      keep(fmt::format("read_gbps_{}kib", size >> 10), gbps, how);
      if (2 * size <= l2_bytes() && gbps > l2) {
        l2 = gbps;
        l2_at = size;
      }
    }
    for (int per_sm = 1; per_sm <= options_.blocks_per_sm; per_sm *= 2) {
      const double gbps = read_gbps(function, bytes_, per_sm);
      keep(fmt::format("dram_gbps_{}_blocks_per_sm", per_sm), gbps,
           fmt::format("{} bytes in flight per SM", per_sm * 256 * 8 * 16));
      dram = std::max(dram, gbps);
    }
    if (l2 > 0) keep("l2_gbps", l2, fmt::format("reading {} KiB of {} MiB of L2", l2_at >> 10, hardware_.l2_mib));
    keep("dram_gbps", dram, fmt::format("reading {} MiB", bytes_ >> 20));
  }

  void copies(cuda::Function function) {
    keep("dram_copy_gbps", best(function, blocks(options_.blocks_per_sm), 256, bytes_ / 16, static_cast<double>(bytes_)) * 1e-9,
         fmt::format("copying {} MiB, bytes read and written", bytes_ >> 21));
  }

  void rate(const CalibrationKernel& kernel, cuda::Function function) {
    const int grid = blocks(kernel.threads == 128 ? 4 : options_.blocks_per_sm);
    const double work = kernel.work_per_thread_pass * kernel.threads * grid;
    const double rate = best(function, grid, kernel.threads, 1, work);
    if (kernel.measures == "shared") {
      keep("shared_gbps", rate * 1e-9, "16-byte loads without bank conflicts, all SMs");
    } else {
      keep(kernel.measures + "_tflops", rate * 1e-12,
           kernel.measures.starts_with("fma") ? "independent FMAs" : kernel.threads == 128 ? "wgmma m64n256" : "mma.sync");
    }
    if (kernel.measures == "tensor_f16") sustained_clock(function, grid, kernel.threads);
  }

  void sustained_clock(cuda::Function function, int grid, int threads) {
    if (sensors_ == nullptr) return;
    const auto begin = Clock::now();
    double mhz = 0;
    while (std::chrono::duration<double>(Clock::now() - begin).count() < options_.tensor_load_seconds) {
      // Asked while the kernel runs: the last answer is that of the warmest device.
      Parameters parameters{data_, sink_, 1, passes_};
      void* arguments[] = {&parameters};
      check(driver_.launch(function, static_cast<unsigned>(grid), 1, 1, static_cast<unsigned>(threads), 1, 1, shared_, nullptr,
                           arguments, nullptr),
            "launching");
      mhz = sensors_->read().sm_mhz;
      check(driver_.synchronize(), "running a calibration kernel");
    }
    if (mhz > 0) keep("sustained_tensor_mhz", mhz, fmt::format("SM clock after {} s of f16 products", options_.tensor_load_seconds));
  }

  void launches(cuda::Function function) {
    const int count = options_.empty_launches;
    Parameters parameters{data_, sink_, 0, 0};
    const auto put = [&](cuda::Stream stream) {
      void* arguments[] = {&parameters};
      for (int i = 0; i < count; ++i)
        check(driver_.launch(function, 1, 1, 1, 32, 1, 1, 0, stream, arguments, nullptr), "launching");
    };
    const auto timed = [&](cuda::Stream stream, auto work) {
      double least = 1e30;
      for (int trial = 0; trial < 5; ++trial) {
        check(driver_.event_record(start_, stream), "timing");
        work();
        check(driver_.event_record(stop_, stream), "timing");
        check(driver_.event_synchronize(stop_), "running empty kernels");
        float ms = 0;
        check(driver_.event_elapsed_ms(&ms, start_, stop_), "timing");
        least = std::min(least, static_cast<double>(ms));
      }
      return least * 1e3 / count;
    };
    put(nullptr);
    keep("launch_us_stream", timed(nullptr, [&] { put(nullptr); }), fmt::format("{} empty kernels in a stream", count));
    if (!driver_.has_graphs()) return;
    cuda::Stream stream = nullptr;
    cuda::Graph graph = nullptr;
    cuda::GraphRun exec = nullptr;
    check(driver_.stream_create(&stream, 0), "making a stream");
    check(driver_.capture_begin(stream, 0), "capturing a graph");
    put(stream);
    check(driver_.capture_end(stream, &graph), "capturing a graph");
    check(driver_.graph_instantiate(&exec, graph, 0), "making a graph");
    check(driver_.graph_launch(exec, stream), "launching a graph");
    keep("launch_us_graph", timed(stream, [&] { check(driver_.graph_launch(exec, stream), "launching a graph"); }),
         fmt::format("a graph of {} empty kernels", count));
    driver_.graph_run_destroy(exec);
    driver_.graph_destroy(graph);
    driver_.stream_destroy(stream);
  }

  const cuda::Driver& driver_;
  const Hardware& hardware_;
  const Nvrtc& nvrtc_;
  const GpuSensors* sensors_;
  const GpuCalibrationOptions& options_;
  cuda::DeviceNumber number_ = 0;
  cuda::Event start_ = nullptr, stop_ = nullptr;
  cuda::Pointer data_ = 0, sink_ = 0;
  std::int64_t bytes_ = 0;
  unsigned shared_ = 0;     // of the kernel loaded last
  std::int64_t passes_ = 1;  // of the last rate's launches
  std::vector<cuda::Module> modules_;
  std::map<std::string, Hardware::Measured> values_;
};

}  // namespace

std::map<std::string, Hardware::Measured> calibrate_gpu(const cuda::Driver& driver, int ordinal,
                                                        const Hardware& hardware, const Nvrtc& nvrtc,
                                                        const GpuSensors* sensors,
                                                        const GpuCalibrationOptions& options) {
  return Calibration(driver, ordinal, hardware, nvrtc, sensors, options).run();
}

}  // namespace perftune
