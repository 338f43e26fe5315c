// Stores whose winner calls a vendor's library: it is called at its own shape and serves no other; where the library
// is not what was measured, the best of our own kernels answers, and says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/vendor/vendor_target.hpp"
#include "db/prune.hpp"
#include "executor/cpu_vendor.hpp"
#include "executor/perftune.hpp"
#include "tuned_store.hpp"

namespace perftune::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class VendorWinner : public testing::Test {
 protected:
  const Operator op_ = product(48, 64, 32);

  // Ours, then each library of this machine as the winner. Empty: none is here.
  std::vector<TileProgram> libraries() const {
    std::vector<std::string> missing;
    return cpu_vendor_programs(op_, missing);
  }
  static TileProgram other_version(TileProgram program) {
    program.knobs["version"] = vendor_version(77, 1, 2);
    return program;
  }
  static void expect_right(const api::Kernel& kernel, const Operator& op) {
    Tensors tensors(op);
    kernel.run(tensors.pointers());
    EXPECT_EQ(tensors.wrong().value_or(""), "") << kernel.info().program;
    tensors.poison();
    kernel.prepare(tensors.pointers()).run();
    EXPECT_EQ(tensors.wrong().value_or(""), "") << kernel.info().program << ", prepared";
  }
};

TEST_F(VendorWinner, IsCalledAtItsShape) {
  if (libraries().empty()) GTEST_SKIP() << "neither OpenBLAS nor oneDNN is here";
  for (const TileProgram& program : libraries()) {
    TunedStore tuned;
    tuned.add(op_, 1, 10);
    tuned.win(op_, program, 5);
    const api::Store store(tuned.path());
    const api::Kernel kernel = store.find("plain", {{"m", 48}, {"n", 64}, {"k", 32}}, PERFTUNE_EXACT_ONLY);
    EXPECT_EQ(kernel.info().hit, PERFTUNE_HIT_EXACT);
    EXPECT_EQ(kernel.info().program, program.text());
    EXPECT_DOUBLE_EQ(kernel.info().stored_us, 5);
    EXPECT_STREQ(kernel.info().note, "");
    expect_right(kernel, op_);
  }
}

TEST_F(VendorWinner, AnotherVersionGivesWayToTheBestOfOurs) {
  if (libraries().empty()) GTEST_SKIP() << "neither OpenBLAS nor oneDNN is here";
  const TileProgram program = other_version(libraries().front());
  TunedStore tuned;
  const TileProgram ours = tuned.add(op_, 1, 10, 12);
  tuned.win(op_, program, 5);
  const api::Store store(tuned.path());
  const api::Kernel kernel = store.find("plain", {{"m", 48}, {"n", 64}, {"k", 32}});
  EXPECT_EQ(kernel.info().hit, PERFTUNE_HIT_RUNNER_UP);
  EXPECT_EQ(kernel.info().program, ours.text());
  EXPECT_DOUBLE_EQ(kernel.info().stored_us, 10);
  EXPECT_THAT(kernel.info().note, HasSubstr(program.text()));
  EXPECT_THAT(kernel.info().note, HasSubstr("77.1.2 is what was measured"));
  expect_right(kernel, op_);
  try {
    store.find("plain", {{"m", 48}, {"n", 64}, {"k", 32}}, PERFTUNE_EXACT_ONLY);
    ADD_FAILURE() << "not refused";
  } catch (const api::Failure& error) {
    EXPECT_EQ(error.status(), PERFTUNE_MISS);
    EXPECT_THAT(error.what(), HasSubstr("77.1.2 is what was measured"));
  }
}

TEST_F(VendorWinner, ALibraryThatThisVersionDoesNotKnow) {
  TunedStore tuned;
  const TileProgram ours = tuned.add(op_, 1, 10, 12);
  tuned.execute("UPDATE kernels SET target = 'vendor/later', program = 'contraction vendor/later version=1' WHERE id = "
                "(SELECT b.kernel FROM winners w JOIN builds b ON b.id = w.build)");
  const api::Store store(tuned.path());
  const api::Kernel kernel = store.find("plain", {{"m", 48}, {"n", 64}, {"k", 32}});
  EXPECT_EQ(kernel.info().hit, PERFTUNE_HIT_RUNNER_UP);
  EXPECT_THAT(kernel.info().program, StartsWith("contraction cpu/simd"));
  EXPECT_THAT(kernel.info().note, HasSubstr("vendor/later"));
  expect_right(kernel, op_);
}

TEST_F(VendorWinner, WithoutAnythingOfOursItIsAStatus) {
  if (libraries().empty()) GTEST_SKIP() << "neither OpenBLAS nor oneDNN is here";
  TunedStore tuned;
  tuned.win(op_, other_version(libraries().front()), 5);
  const api::Store store(tuned.path());
  try {
    store.find("plain", {{"m", 48}, {"n", 64}, {"k", 32}});
    ADD_FAILURE() << "not refused";
  } catch (const api::Failure& error) {
    EXPECT_EQ(error.status(), PERFTUNE_REFUSED);
    EXPECT_THAT(error.what(), HasSubstr("cannot be called"));
  }
}

TEST_F(VendorWinner, ServesNoOtherShape) {
  if (libraries().empty()) GTEST_SKIP() << "neither OpenBLAS nor oneDNN is here";
  TunedStore tuned;
  tuned.add(op_, 1, 10, 12);
  tuned.win(op_, libraries().front(), 5);
  tuned.add_range(op_, "m", 40, 60);
  const api::Store store(tuned.path());
  const api::Kernel bucket = store.find("plain", {{"m", 50}, {"n", 64}, {"k", 32}});
  EXPECT_EQ(bucket.info().hit, PERFTUNE_HIT_BUCKET);
  EXPECT_THAT(bucket.info().program, Not(HasSubstr("vendor/")));
  expect_right(bucket, product(50, 64, 32));
  const api::Kernel near = store.find("plain", {{"m", 70}, {"n", 60}, {"k", 32}});
  EXPECT_EQ(near.info().hit, PERFTUNE_HIT_NEAREST);
  EXPECT_THAT(near.info().program, Not(HasSubstr("vendor/")));
  expect_right(near, product(70, 60, 32));
}

TEST_F(VendorWinner, PruningKeepsWhatStandsIn) {
  if (libraries().empty()) GTEST_SKIP() << "neither OpenBLAS nor oneDNN is here";
  TunedStore tuned;
  const TileProgram ours = tuned.add(op_, 1, 10, 12);
  tuned.add(op_, 2, 11, 12);
  tuned.win(op_, other_version(libraries().front()), 5);
  {
    Store store(tuned.path());
    PrunePolicy policy;
    policy.keep_fastest = 0;
    policy.binaries = true;
    EXPECT_GT(prune(store, policy, false).removed["measurements"], 0);
  }
  const api::Store store(tuned.path());
  const api::Kernel kernel = store.find("plain", {{"m", 48}, {"n", 64}, {"k", 32}});
  EXPECT_EQ(kernel.info().hit, PERFTUNE_HIT_RUNNER_UP);
  EXPECT_EQ(kernel.info().program, ours.text());
  expect_right(kernel, op_);
}

}  // namespace
}  // namespace perftune::test
