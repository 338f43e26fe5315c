// The same with the C++ wrapper, and a prepared launch: run_kernel_cpp perftune.db NAME M N K
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <perftune.hpp>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 6) return std::fprintf(stderr, "run_kernel_cpp perftune.db NAME M N K\n"), 2;
  const std::int64_t m = std::atoll(argv[3]), n = std::atoll(argv[4]), k = std::atoll(argv[5]);
  struct Matrix {
    Matrix(std::int64_t rows, std::int64_t columns) : values(static_cast<std::size_t>(rows * columns), 1.0F), shape{rows, columns} {
      tensor.data = values.data();
      tensor.device.type = PERFTUNE_CPU;
      tensor.ndim = 2;
      tensor.dtype.code = 2;
      tensor.dtype.bits = 32;
      tensor.dtype.lanes = 1;
      tensor.shape = shape;
    }
    std::vector<float> values;
    std::int64_t shape[2];
    perftune_tensor tensor{};
  } a(m, k), b(k, n), c(m, n);
  try {
    const perftune::api::Store store(argv[1]);
    const auto kernel = store.find(argv[2], {{"m", m}, {"n", n}, {"k", k}});
    auto launch = kernel.prepare({&a.tensor, &b.tensor, &c.tensor});
    launch.run();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) launch.run();
    const std::chrono::duration<double, std::micro> us = std::chrono::steady_clock::now() - start;
    std::printf("%.2f us a launch, C[0,0] = %g, expected %g\n", us.count() / 100, c.values[0], static_cast<double>(k));
    return c.values[0] == static_cast<float>(k) ? 0 : 1;
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}
