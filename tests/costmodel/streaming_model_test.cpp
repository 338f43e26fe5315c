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
  const double kept = streaming_time(layer_norm_work(elements / 512, 512), hw, {}, {}).dram_us;
  const double again = streaming_time(layer_norm_work(elements / 65536, 65536), hw, {}, {}).dram_us;
  EXPECT_NEAR(again / kept, 1.5, 1e-6);  // two reads and a write against one and one
}

TEST(StreamingModel, SoftmaxOfShortRowsReadsOnce) {
  EXPECT_DOUBLE_EQ(softmax_work(1000, 1024).row.passes, 1);
  EXPECT_DOUBLE_EQ(softmax_work(1000, 2048).row.passes, 3);
}

// A thousand columns more than whole vectors of the block are loaded one by one: 3,072 columns take as long as 4,096
// (measured by others on a V100, T4 and A100: 0.91, 0.97 and 0.98 of it).
TEST(StreamingModel, ColumnsThatFillNoVectorAreLoadedOneByOne) {
  const Hardware hw = sample_t4();
  EXPECT_DOUBLE_EQ(softmax_work(1, 4096).row.loads_in_turn, 2);
  EXPECT_DOUBLE_EQ(softmax_work(1, 3072).row.loads_in_turn, 3);
  const double ratio = us(softmax_work(65536, 3072), hw) / us(softmax_work(65536, 4096), hw);
  EXPECT_GT(ratio, 0.8);
  EXPECT_LT(ratio, 1.0);
}

// Few columns per row: what a row costs beside its bytes shows.
TEST(StreamingModel, ShortRowsCostMoreThanTheirBytes) {
  const Hardware hw = sample_a100();
  const StreamingTime rows = streaming_time(layer_norm_work(1 << 20, 256), hw, {}, {});
  EXPECT_GT(rows.rows_us, rows.dram_us);
  EXPECT_GT(rows.total_us, us(elementwise_work(double(1 << 20) * 256, 1), hw));
}

}  // namespace
}  // namespace perftune
