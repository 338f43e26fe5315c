// How good the families' defaults are, by the model: over every operator of recipes/ and of the benchmarks, the
// default against the best program that is constructed. Nothing is timed, nothing is compiled.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "bench/cpu_spaces/recorder.hpp"
#include "bench/defaults/ratios.hpp"
#include "cli/wire.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune::bench {
namespace {

// Shares of operators, in percent, whose default is at most `limit` times the best.
int within(const std::vector<DefaultRatio>& ratios, double limit) {
  const auto count = std::ranges::count_if(ratios, [&](const DefaultRatio& r) { return r.ratio() <= limit; });
  return static_cast<int>(100 * count / static_cast<std::ptrdiff_t>(ratios.size()));
}

std::string worst(const std::vector<DefaultRatio>& ratios) {
  const auto at = std::ranges::max_element(ratios, {}, &DefaultRatio::ratio);
  return fmt::format("worst: {} {:.2f}, {} against {}", at->name, at->ratio(), at->made.text(), at->best.text());
}

constexpr const char* kFolder = PERFTUNE_SOURCE_DIR "/bench/cpu_spaces/recording";

TEST(DefaultRatios, OnACpuTheModelFindsLittleBetter) {
  const auto ratios = predicted_ratios(recipe_operators(), recorded_hardware(kFolder), make_slices());
  ASSERT_GT(ratios.size(), 300u);
  EXPECT_GE(within(ratios, 1.3), 90) << worst(ratios);
  EXPECT_GE(within(ratios, 2), 99) << worst(ratios);
  EXPECT_LE(std::ranges::max(ratios, {}, &DefaultRatio::ratio).ratio(), 4) << worst(ratios);
}

TEST(DefaultRatios, OnGpusTheModelFindsLittleBetter) {
  const std::vector<OperatorPoint> operators = recipe_operators();
  const Slices slices = make_slices();
  for (const char* gpu : {"t4", "a100", "h200"}) {
    const auto ratios = predicted_ratios(operators, find_hardware(gpu), slices);
    ASSERT_GT(ratios.size(), 300u);
    EXPECT_GE(within(ratios, 1.3), 80) << gpu << ", " << worst(ratios);
    EXPECT_GE(within(ratios, 2), 97) << gpu << ", " << worst(ratios);
    EXPECT_LE(std::ranges::max(ratios, {}, &DefaultRatio::ratio).ratio(), 4) << gpu << ", " << worst(ratios);
  }
}

TEST(DefaultRatios, OnACpuRecordedTimesFindLittleBetter) {
  std::vector<CpuSpace> spaces = read_spaces(std::string(kFolder) + "/recording.csv.gz");
  for (CpuSpace& space : read_spaces(std::string(kFolder) + "/held_out.csv.gz")) spaces.push_back(std::move(space));
  auto ratios = recorded_ratios(spaces, recorded_hardware(kFolder), make_slices());
  std::erase_if(ratios, [](const DefaultRatio& r) { return r.made_us == 0; });  // made after the recording
  ASSERT_GT(ratios.size(), 45u);
  EXPECT_GE(within(ratios, 1.3), 90) << worst(ratios);
  EXPECT_GE(within(ratios, 2), 98) << worst(ratios);
}

}  // namespace
}  // namespace perftune::bench
