// Accuracy of the kernels' own exp, log, tanh, erf and friends against libm in higher precision,
// and that special values keep their meaning. A tiny kernel compiled like any other runs them.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "codegen/cpu/headers.hpp"
#include "executor/host_compiler.hpp"
#include "executor/loaded_library.hpp"
#include "tests/cpu/compiled_kernel.hpp"

namespace perftune {
namespace {

using Reference = long double (*)(long double);

struct Case {
  const char* function;
  Reference reference;
  double low, high;
  double float_error, double_error;  // relative, beyond which the test fails
};

long double reference_sigmoid(long double x) { return 1 / (1 + std::exp(-x)); }

const Case kCases[] = {
    {"exp", [](long double x) { return std::exp(x); }, -87, 88, 2e-7, 1e-15},
    {"log", [](long double x) { return std::log(x); }, 1e-30, 1e30, 2e-7, 1e-15},
    {"tanh", [](long double x) { return std::tanh(x); }, -12, 12, 3e-7, 1e-15},
    {"erf", [](long double x) { return std::erf(x); }, -5, 5, 3.5e-7, 1e-15},
    {"sqrt", [](long double x) { return std::sqrt(x); }, 0, 1e6, 1e-7, 3e-16},
    {"sigmoid", reference_sigmoid, -80, 80, 4e-7, 2e-15},
};

template <class T>
class Compiled {
 public:
  explicit Compiled(const std::string& isa) {
    std::string source = "#include \"perftune/scalar.hpp\"\nusing T = " +
                         std::string(sizeof(T) == 4 ? "float" : "double") + ";\n";
    for (const Case& c : kCases) source += function(c.function, "x");
    source += function("cube", "x", "pow(x, pt::splat<pt::Vector<T>>(3))");
    const auto compiler = HostCompiler::find();
    const auto flags = cpu_compile_flags(isa);
    auto result = compiler->compile(source, cpu_device_headers(), flags, 60);
    std::string why = result.log;
    if (result.ok) library_ = LoadedLibrary::load(result.binary, why);
    why_not = library_ ? "" : why;
  }

  std::vector<T> run(const std::string& function, std::vector<T> x) const {
    x.resize((x.size() + 15) / 16 * 16, T{1});
    std::vector<T> y(x.size());
    using Function = void (*)(const T*, T*, long long);
    reinterpret_cast<Function>(library_->symbol("test_" + function))(
        x.data(), y.data(), static_cast<long long>(x.size()));
    return y;
  }

  std::string why_not;

 private:
  static std::string function(const std::string& name, const std::string&, std::string call = "") {
    if (call.empty()) call = name + "(x)";
    return "extern \"C\" __attribute__((visibility(\"default\"))) void test_" + name +
           "(const T* from, T* to, long long n) {\n"
           "  for (long long i = 0; i < n; i += pt::lanes_of<T>) {\n"
           "    const pt::Vector<T> x = pt::load(from + i);\n    pt::store(to + i, pt::" + call +
           ");\n  }\n}\n";
  }
  std::optional<LoadedLibrary> library_;
};

template <class T>
void check_accuracy(const std::string& isa) {
  const Compiled<T> compiled(isa);
  ASSERT_EQ(compiled.why_not, "");
  std::mt19937_64 random(11);
  for (const Case& c : kCases) {
    std::vector<T> x;
    std::uniform_real_distribution<double> wide(c.low, c.high);
    for (int i = 0; i < 20000; ++i) x.push_back(static_cast<T>(wide(random)));
    if (c.low < 1) {  // dense near 0 and 1, where relative error is hardest
      std::uniform_real_distribution<double> near(std::max(c.low, -1.5), std::min(c.high, 1.5));
      for (int i = 0; i < 20000; ++i) x.push_back(static_cast<T>(near(random)));
    }
    const std::vector<T> y = compiled.run(c.function, x);
    long double worst = 0, where = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const long double expected = c.reference(static_cast<long double>(x[i]));
      if (std::fabs(expected) < std::numeric_limits<T>::min()) continue;
      const long double error = std::fabs((static_cast<long double>(y[i]) - expected) / expected);
      if (!(error <= worst)) worst = error, where = static_cast<long double>(x[i]);
    }
    EXPECT_LE(worst, sizeof(T) == 4 ? c.float_error : c.double_error)
        << c.function << "(" << static_cast<double>(where) << ")";
  }
}

template <class T>
void check_special_values(const std::string& isa) {
  const Compiled<T> compiled(isa);
  ASSERT_EQ(compiled.why_not, "");
  const T inf = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const T tiny = std::numeric_limits<T>::denorm_min();
  const std::vector<T> x{inf, -inf, nan, 0, -T{0}, tiny, 1, -1, T{1e4}, T{-1e4}};
  for (const Case& c : kCases) {
    const std::vector<T> y = compiled.run(c.function, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const T expected = static_cast<T>(c.reference(static_cast<long double>(x[i])));
      if (std::isnan(expected))
        EXPECT_TRUE(std::isnan(y[i])) << c.function << "(" << x[i] << ") = " << y[i];
      else if (std::isinf(expected) || expected == 0)
        EXPECT_EQ(y[i], expected) << c.function << "(" << x[i] << ")";
      else
        EXPECT_NEAR(y[i] / expected, T{1}, 1e-6) << c.function << "(" << x[i] << ")";
    }
  }
  const std::vector<T> cubes = compiled.run("cube", {T{2}, T{-2}, 0, -inf, nan});
  EXPECT_NEAR(cubes[0], 8, 1e-5);
  EXPECT_NEAR(cubes[1], -8, 1e-5);
  EXPECT_EQ(cubes[2], 0);
  EXPECT_EQ(cubes[3], -inf);
  EXPECT_TRUE(std::isnan(cubes[4]));
}

class DeviceMath : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!runs_here(GetParam())) GTEST_SKIP() << "this CPU has no " << GetParam();
  }
};
TEST_P(DeviceMath, FloatIsAccurate) { check_accuracy<float>(GetParam()); }
TEST_P(DeviceMath, DoubleIsAccurate) { check_accuracy<double>(GetParam()); }
TEST_P(DeviceMath, FloatSpecialValues) { check_special_values<float>(GetParam()); }
TEST_P(DeviceMath, DoubleSpecialValues) { check_special_values<double>(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Cpu, DeviceMath, testing::Values("avx512", "avx2"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace perftune
