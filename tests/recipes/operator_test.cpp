// Operators from text: what is derived from them and what their signatures say.
#include "recipes/operator.hpp"

#include <gtest/gtest.h>

#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

Operator parse(const std::string& text) { return parse_operator_text(text, "test.yaml").at(0).op; }

const char* const kFfn = R"yaml(name: bert_ffn_up
dims: {m: 4096, n: 4096, k: 1024}
inputs:  {A: "f16[m,k]", B: "f16[k,n]", bias: "f16[n]"}
outputs: {C: "f16[m,n]"}
accumulate: f32
compute:
  - C[m,n] = gelu(sum[k](A[m,k] * B[k,n]) + bias[n])
)yaml";

TEST(Operator, ReadsTheDesignsExample) {
  const Operator op = parse(kFfn);
  EXPECT_EQ(op.name, "bert_ffn_up");
  ASSERT_EQ(op.tensors.size(), 4u);
  EXPECT_EQ(op.tensors[3].shape, (std::vector<std::int64_t>{4096, 4096}));
  ASSERT_EQ(op.statements.size(), 1u);
  const Statement& statement = op.statements[0];
  ASSERT_EQ(statement.axes.size(), 3u);
  EXPECT_EQ(statement.axes[2].name, "k");
  EXPECT_EQ(statement.axes[2].extent, 1024);
  EXPECT_TRUE(statement.axes[2].reduction);
  EXPECT_EQ(statement.where.line, 7);
  EXPECT_EQ(statement.where.column, 5);
  EXPECT_EQ(op.accumulate, DType::f32);
  EXPECT_DOUBLE_EQ(op.flops(), 2.0 * 4096 * 4096 * 1024 + 2.0 * 4096 * 4096);
  EXPECT_DOUBLE_EQ(op.compulsory_bytes(),
                   2.0 * (4096.0 * 1024 + 1024.0 * 4096 + 4096 + 4096.0 * 4096));
}

TEST(Operator, RebindGivesTheSameOperatorAtOtherDimensions) {
  const Operator op = parse(kFfn).rebind({{"m", 16}, {"n", 8}, {"k", 4}});
  EXPECT_EQ(op.tensors[0].shape, (std::vector<std::int64_t>{16, 4}));
  EXPECT_DOUBLE_EQ(op.flops(), 2.0 * 16 * 8 * 4 + 2 * 16 * 8);
  EXPECT_EQ(op.structure(), parse(kFfn).structure());
  EXPECT_NE(op.signature(), parse(kFfn).signature());
}

TEST(Operator, SignatureForgetsNamesAndOrder) {
  const Operator other = parse(R"yaml(name: renamed
dims: {rows: 4096, cols: 4096, deep: 1024}
inputs:  {shift: "f16[cols]", W: "f16[deep,cols]", X: "f16[rows,deep]"}
outputs: {Y: "f16[rows,cols]"}
compute:
  - Y[rows,cols] = gelu(shift[cols] + sum[deep](W[deep,cols] * X[rows,deep]))
)yaml");
  EXPECT_EQ(other.signature(), parse(kFfn).signature());
}

}  // namespace
}  // namespace perftune
