// One store from many threads: lookups, launches and closing at once.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "executor/perftune.hpp"
#include "tuned_store.hpp"

namespace perftune::test {
namespace {

constexpr int kThreads = 8;

template <class Work>
void on_threads(Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, LookUpAndRunOtherShapesOfOneStore) {
  TunedStore tuned;
  tuned.add(matmul(32, 32, 32), 0);
  tuned.add(matmul(64, 48, 32), 1);
  perftune_open_options options{};
  options.struct_size = sizeof options;
  options.threads = 2;  // the team is shared: who finds it taken works alone
  const api::Store store(tuned.path(), &options);
  std::atomic<int> wrong = 0;
  on_threads([&](int thread) {
    for (int round = 0; round < 5; ++round) {
      const Operator op = matmul(20 + (thread + round) % 6, 32, 32);
      Tensors tensors(op, static_cast<std::uint64_t>(thread + 1));
      store.find("ffn", tensors.pointers()).run(tensors.pointers());
      if (tensors.wrong()) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, PreparedLaunchesDoNotMeet) {
  TunedStore tuned;
  const Operator op = matmul(16, 24, 32);
  tuned.add(op, 0);
  const api::Store store(tuned.path());
  std::atomic<int> wrong = 0;
  on_threads([&](int thread) {
    Tensors tensors(op, static_cast<std::uint64_t>(thread + 1));
    api::Launch launch = store.find("ffn", tensors.pointers()).prepare(tensors.pointers());
    for (int i = 0; i < 2000; ++i) launch.run();
    if (tensors.wrong()) ++wrong;
  });
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, ClosingWhileOthersUseItEndsInAStatus) {
  TunedStore tuned;
  const Operator op = matmul(16, 24, 32);
  tuned.add(op);
  for (int round = 0; round < 5; ++round) {
    perftune_store* store = nullptr;
    ASSERT_EQ(perftune_store_open(tuned.path().c_str(), nullptr, &store), PERFTUNE_OK);
    std::atomic<int> strange = 0;
    on_threads([&](int thread) {
      if (thread == 0) {
        std::this_thread::yield();
        if (perftune_store_close(store) != PERFTUNE_OK) ++strange;
        return;
      }
      Tensors tensors(op, 1);
      const auto pointers = tensors.pointers();
      perftune_query query{};
      query.struct_size = sizeof query;
      query.name = "ffn";
      query.tensors = pointers.data();
      query.tensor_count = pointers.size();
      for (int i = 0; i < 200; ++i) {
        perftune_kernel* kernel = nullptr;
        const perftune_status status = perftune_find(store, &query, &kernel);
        if (status == PERFTUNE_CLOSED) continue;
        if (status != PERFTUNE_OK || perftune_run(kernel, pointers.data(), pointers.size(), nullptr) != PERFTUNE_OK) ++strange;
        perftune_kernel_close(kernel);
      }
    });
    EXPECT_EQ(strange, 0);
    EXPECT_EQ(perftune_store_close(store), PERFTUNE_CLOSED);
  }
}

}  // namespace
}  // namespace perftune::test
