#include "costmodel/streaming_model.hpp"

#include <gtest/gtest.h>

#include "gpu_samples.hpp"

namespace perftune {
namespace {

double us(const StreamingWork& work, const Hardware& hw) { return streaming_time(work, hw, {}, {}).total_us; }

TEST(StreamingModel, NeverBeatsTheDatasheetsBandwidth) {
  const Hardware hw = sample_a100();
  const StreamingWork work = elementwise_work(1 << 26, 2);
  EXPECT_GT(us(work, hw), (work.read_bytes + work.write_bytes) / (hw.dram_gbps * 1e3));
}

TEST(StreamingModel, LongRowsAreReadAgainFromDram) {
  const Hardware hw = sample_t4();
  const double elements = 1 << 26;
  const double kept = us(layer_norm_work(elements / 512, 512, hw), hw);
  const double again = us(layer_norm_work(elements / 16384, 16384, hw), hw);
  EXPECT_NEAR(again / kept, 1.5, 0.05);  // two reads and a write against one and one
}

TEST(StreamingModel, SoftmaxOfShortRowsReadsOnce) {
  const Hardware hw = sample_t4();
  EXPECT_DOUBLE_EQ(softmax_work(1000, 1024, hw).passes, 1);
  EXPECT_DOUBLE_EQ(softmax_work(1000, 2048, hw).passes, 3);
}

}  // namespace
}  // namespace perftune
