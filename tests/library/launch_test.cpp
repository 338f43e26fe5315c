// Launches: prepared, with the caller's workspace, in sequence.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "executor/perftune.hpp"
#include "tuned_store.hpp"

namespace perftune::test {
namespace {

struct Free {
  void operator()(void* p) const { std::free(p); }
};

class LaunchTest : public testing::Test {
 protected:
  LaunchTest() : op_(matmul(40, 56, 72)), tensors_(op_) { tuned_.add(op_, 0); }
  api::Kernel kernel(const api::Store& store) { return store.find("ffn", tensors_.pointers()); }

  TunedStore tuned_;
  Operator op_;
  Tensors tensors_;
};

TEST_F(LaunchTest, APreparedLaunchRunsAgainAndOutlivesStoreAndKernel) {
  auto store = std::make_unique<api::Store>(tuned_.path());
  auto found = std::make_unique<api::Kernel>(kernel(*store));
  api::Launch launch = found->prepare(tensors_.pointers());
  found.reset();
  store.reset();
  for (int i = 0; i < 3; ++i) {
    tensors_.poison();
    launch.run();
    EXPECT_EQ(tensors_.wrong().value_or(""), "");
  }
}

TEST_F(LaunchTest, TheCallersWorkspaceIsUsed) {
  const api::Store store(tuned_.path());
  const api::Kernel found = kernel(store);
  const std::uint64_t bytes = found.info().workspace_bytes;
  ASSERT_GT(bytes, 0U) << "the packing default needs one";
  const std::unique_ptr<void, Free> memory(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
  perftune_launch_options options{};
  options.struct_size = sizeof options;
  options.workspace = memory.get();
  options.workspace_bytes = bytes;
  found.run(tensors_.pointers(), &options);
  EXPECT_EQ(tensors_.wrong().value_or(""), "");
  options.workspace_bytes = bytes - 1;
  EXPECT_EQ(perftune_run(found.get(), tensors_.pointers().data(), 4, &options), PERFTUNE_BAD_ARGUMENT);
  options.workspace_bytes = bytes;
  options.workspace = static_cast<char*>(memory.get()) + 8;
  EXPECT_EQ(perftune_run(found.get(), tensors_.pointers().data(), 4, &options), PERFTUNE_MISALIGNED);
}

TEST_F(LaunchTest, SeveralThreadsGiveTheSame) {
  for (const int threads : {1, 2, 5}) {
    perftune_open_options options{};
    options.struct_size = sizeof options;
    options.threads = threads;
    const api::Store store(tuned_.path(), &options);
    tensors_.poison();
    kernel(store).run(tensors_.pointers());
    EXPECT_EQ(tensors_.wrong().value_or(""), "") << threads;
  }
}

// The second kernel reads what the first wrote: C[m,n] of one is A[m,k] of the other.
TEST_F(LaunchTest, ASequenceRunsInOrder) {
  const Operator next = matmul(40, 24, 56, "second");
  tuned_.add(next);
  const api::Store store(tuned_.path());
  Tensors second(next);
  second[0].data = tensors_[3].data;
  api::Launch first = kernel(store).prepare(tensors_.pointers());
  api::Launch then = store.find("second", second.pointers()).prepare(second.pointers());
  first.run();
  then.run();
  std::vector<float> alone(static_cast<const float*>(second[3].data), static_cast<const float*>(second[3].data) + 40 * 24);
  tensors_.poison();
  second.poison();
  api::Sequence both({&first, &then});
  { const api::Launch gone = std::move(first); }  // closed: the sequence keeps what it needs
  both.run();
  EXPECT_EQ(std::vector<float>(static_cast<const float*>(second[3].data), static_cast<const float*>(second[3].data) + 40 * 24), alone);
  EXPECT_EQ(tensors_.wrong().value_or(""), "");
}

TEST_F(LaunchTest, AByteOffsetAndCompactStridesAreTaken) {
  const api::Store store(tuned_.path());
  std::int64_t strides[] = {72, 1};
  tensors_[0].strides = strides;
  tensors_[1].data = static_cast<std::byte*>(tensors_[1].data) - 64;
  tensors_[1].byte_offset = 64;
  kernel(store).run(tensors_.pointers());
  EXPECT_EQ(tensors_.wrong().value_or(""), "");
}

}  // namespace
}  // namespace perftune::test
