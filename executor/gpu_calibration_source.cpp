#include "executor/gpu_calibration_source.hpp"

#include <fmt/format.h>

namespace perftune {
namespace {

// Sums flow into `sink` under a condition that no data meets, so that nothing is left out.
constexpr const char* kRead = R"(
// Reads `count` vectors `passes` times, 8 independent loads in flight per thread.
PT_KERNEL(calibrate, 256, 0) {
  const pt::i64 step = pt::i64{pt::grid_blocks_x()} * 256;
  float sum = 0;
  for (pt::i64 pass = 0; pass < params.passes; ++pass)
    for (pt::i64 i = pt::i64{pt::block_index_x()} * 256 + pt::thread_index(); i < params.count; i += 8 * step) {
      pt::Vec<float, 4> v[8];
#pragma unroll
      for (int j = 0; j < 8; ++j) v[j] = pt::global_load_coherent(params.data + smaller_index(i + j * step, params.count));
#pragma unroll
      for (int j = 0; j < 8; ++j) sum += v[j][0] + v[j][3];
    }
  pt::global_store(params.sink, sum, sum == 1234.5f);
}
)";
constexpr const char* kCopy = R"(
// Copies the first half of `count` vectors to the second.
PT_KERNEL(calibrate, 256, 0) {
  const pt::i64 half = params.count / 2, step = pt::i64{pt::grid_blocks_x()} * 256;
  for (pt::i64 pass = 0; pass < params.passes; ++pass)
    for (pt::i64 i = pt::i64{pt::block_index_x()} * 256 + pt::thread_index(); i < half; i += 4 * step) {
      pt::Vec<float, 4> v[4];
#pragma unroll
      for (int j = 0; j < 4; ++j) v[j] = pt::global_load_coherent(params.data + smaller_index(i + j * step, half));
#pragma unroll
      for (int j = 0; j < 4; ++j) pt::global_store(params.data + half + i + j * step, v[j], i + j * step < half);
    }
}
)";
constexpr const char* kShared = R"(
// 16 bytes per thread and load, neighbours beside each other: no bank conflict. 16 KB.
PT_KERNEL(calibrate, 256, 0) {
  for (pt::u32 i = pt::thread_index(); i < 1024; i += 256) pt::shared_store(16 * i, pt::Vec<float, 4>{});
  pt::sync_block();
  float sum = 0;
  for (pt::i64 pass = 0; pass < params.passes; ++pass) {
#pragma unroll
    for (int j = 0; j < 16; ++j) {
      const auto v = pt::shared_load<pt::Vec<float, 4>>(16 * ((pt::thread_index() + 32 * j + pt::u32(pass)) % 1024));
      sum += v[0] + v[3];
    }
  }
  pt::global_store(params.sink, sum, sum == 1234.5f);
}
)";
constexpr const char* kFma = R"(
// 16 independent chains per thread.
PT_KERNEL(calibrate, 256, 0) {{
  using T = {type};
  T sums[16], x = T(params.passes % 3), y = T(params.count % 5);
#pragma unroll
  for (int j = 0; j < 16; ++j) sums[j] = T(j + pt::thread_index());
  for (pt::i64 pass = 0; pass < params.passes; ++pass) {{
#pragma unroll
    for (int j = 0; j < 16; ++j) sums[j] = pt::fma(sums[j], x, y);
  }}
  T sum = 0;
#pragma unroll
  for (int j = 0; j < 16; ++j) sum += sums[j];
  pt::global_store(params.sink, float(sum), sum == T(1234.5));
}}
)";
constexpr const char* kMma = R"(
// 8 independent accumulators per warp.
using M = pt::Mma<{a}, {a}, {c}, {m}, {k}>;
PT_KERNEL(calibrate, 256, 0) {{
  M::Sum c[8][M::c_registers];
  pt::u32 a[M::a_registers], b[M::b_registers];
#pragma unroll
  for (int i = 0; i < M::a_registers; ++i) a[i] = pt::u32(params.count) & 0x3f;
#pragma unroll
  for (int i = 0; i < M::b_registers; ++i) b[i] = pt::u32(params.count) & 0x3f;
#pragma unroll
  for (int j = 0; j < 8; ++j)
#pragma unroll
    for (int i = 0; i < M::c_registers; ++i) c[j][i] = M::Sum(pt::thread_index());
  for (pt::i64 pass = 0; pass < params.passes; ++pass) {{
#pragma unroll
    for (int j = 0; j < 8; ++j) M::run(c[j], a, b);
  }}
  float sum = 0;
#pragma unroll
  for (int j = 0; j < 8; ++j) sum += float(c[j][0]);
  pt::global_store(params.sink, sum, sum == 1234.5f);
}}
)";
constexpr const char* kWgmma = R"(
// One warpgroup's 64 x 256 accumulator over zeros in shared memory: 40 KB.
using W = pt::Wgmma<{a}, {a}, 256>;
PT_KERNEL(calibrate, 128, 1) {{
  for (pt::u32 i = pt::thread_index(); i < 2560; i += 128) pt::shared_store(16 * i, pt::Vec<float, 4>{{}});
  pt::fence_async_proxy();
  pt::sync_block();
  const pt::u64 a = pt::wgmma_descriptor(0, 0, 1024, pt::Swizzle::bytes_128);
  const pt::u64 b = pt::wgmma_descriptor(8192, 0, 1024, pt::Swizzle::bytes_128);
  W::Sum c[W::c_registers];
#pragma unroll
  for (int i = 0; i < W::c_registers; ++i) c[i] = 0;
  for (pt::i64 pass = 0; pass < params.passes; ++pass) {{
    pt::wgmma_fence();
#pragma unroll
    for (int j = 0; j < 4; ++j) W::run(c, a + 2 * j, b + 2 * j, true);
    pt::wgmma_commit();
    pt::wgmma_wait<0>(c);
  }}
  float sum = 0;
#pragma unroll
  for (int i = 0; i < W::c_registers; ++i) sum += float(c[i]);
  pt::global_store(params.sink, sum, sum == 1234.5f);
}}
)";
constexpr const char* kEmpty = "PT_KERNEL(calibrate, 32, 0) {}\n";

CalibrationKernel make(const Hardware& hardware, std::string measures, const std::string& body, int threads,
                       double work, const char* header = nullptr) {
  CalibrationKernel made{std::move(measures), {}, threads, work};
  made.kernel.entry = "calibrate";
  made.kernel.threads_per_block = threads;
  made.kernel.source = fmt::format("#define PT_ARCH {}\n#include \"perftune/ptx.cuh\"\n#include \"perftune/arithmetic.cuh\"\n",
                                   10 * hardware.compute_capability);
  if (header != nullptr) made.kernel.source += fmt::format("#include \"perftune/{}\"\n", header);
  made.kernel.source +=
      "struct Params { pt::Vec<float, 4>* data; float* sink; pt::i64 count; pt::i64 passes; };\n"
      "PT_DEVICE pt::i64 smaller_index(pt::i64 i, pt::i64 count) { return i < count ? i : count - 1; }\n" + body;
  return made;
}

}  // namespace

std::vector<CalibrationKernel> calibration_kernels(const Hardware& hardware) {
  std::vector<CalibrationKernel> all;
  const auto add = [&](std::string measures, const std::string& body, int threads, double work,
                       const char* header = nullptr) {
    all.push_back(make(hardware, std::move(measures), body, threads, work, header));
  };
  add("read", kRead, 256, 0);
  add("copy", kCopy, 256, 0);
  add("shared", kShared, 256, 16 * 16);
  add("fma_f32", fmt::format(kFma, fmt::arg("type", "float")), 256, 16 * 2);
  add("fma_f64", fmt::format(kFma, fmt::arg("type", "double")), 256, 16 * 2);
  const int cc = hardware.compute_capability;
  // A warp's product: 2 * m * 8 * k FLOP, shared by 32 lanes.
  const auto mma = [&](const char* key, const char* a, const char* c, int m, int k) {
    add(std::string("tensor_") + key, fmt::format(kMma, fmt::arg("a", a), fmt::arg("c", c), fmt::arg("m", m), fmt::arg("k", k)),
        256, 8.0 * 2 * m * 8 * k / 32, "mma.cuh");
  };
  const auto wgmma = [&](const char* key, const char* a, int k) {
    add(std::string("tensor_") + key, fmt::format(kWgmma, fmt::arg("a", a)), 128, 4.0 * 2 * 64 * 256 * k / 128, "wgmma.cuh");
  };
  if (hardware.arch == "sm_90a") {
    wgmma("f16", "pt::f16", 16);
    wgmma("bf16", "pt::bf16", 16);
    wgmma("tf32", "pt::tf32", 8);
    wgmma("f8e4m3", "pt::f8e4m3", 32);
    wgmma("i8", "pt::i8", 32);
  } else if (cc >= 80) {
    mma("f16", "pt::f16", "pt::f32", 16, 16);
    mma("bf16", "pt::bf16", "pt::f32", 16, 16);
    mma("tf32", "pt::tf32", "pt::f32", 16, 8);
    mma("i8", "pt::i8", "pt::i32", 16, 32);
    if (cc >= 89) mma("f8e4m3", "pt::f8e4m3", "pt::f32", 16, 32);
  } else if (cc == 75) {
    mma("f16", "pt::f16", "pt::f32", 16, 8);
    mma("i8", "pt::i8", "pt::i32", 8, 16);
  }
  add("empty", kEmpty, 32, 0);
  return all;
}

}  // namespace perftune
