// What goes into a store comes out again, after closing and opening it.
#include "db/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/health.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "sample_store.hpp"

namespace perftune {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreTest : public ::testing::Test {
 protected:
  Store open(StoreMode mode = StoreMode::create) { return Store(path_, {.mode = mode}); }
  TemporaryFolder folder_;
  std::string path_ = folder_ / "deep/down/store.db";
};

Validity sample_validity() {
  return {sample_operator().signature, sample_toolchain(), "cache=cold threads=1"};
}

TEST_F(StoreTest, OutcomeSurvivesReopening) {
  MeasurementId id{};
  {
    Store store = open();
    const HardwareId hardware = store.put_hardware(sample_hardware());
    const OperatorId op = store.put_operator(sample_operator());
    const RunId run = store.begin_run("tune", 7);
    MeasurementRecord m = sample_measurement(op, hardware, 0, 12.5);
    m.outcome.detail = "fine";
    m.outcome.binary = std::string(
        "\x7f"
        "ELF\0binary",
        11);
    m.outcome.resources->warnings = {"one", "two"};
    id = store.record(run, m);
    store.end_run(run, RunState::finished);
  }
  Store store = open(StoreMode::read_only);
  const auto hardware = store.find_hardware(sample_hardware());
  ASSERT_TRUE(hardware);
  const auto outcomes = store.outcomes(*hardware, sample_validity());
  ASSERT_EQ(outcomes.size(), 1U);
  const RecordedOutcome& found = outcomes[0];
  EXPECT_EQ(found.id, id);
  EXPECT_EQ(found.kernel, sample_kernel(0).id);
  EXPECT_EQ(found.program, sample_kernel(0).program);
  EXPECT_EQ(found.outcome.kind, OutcomeKind::timed);
  EXPECT_EQ(found.outcome.verified_by, VerifiedBy::device);
  EXPECT_EQ(found.outcome.detail, "fine");
  ASSERT_TRUE(found.outcome.timing);
  EXPECT_EQ(found.outcome.timing->median_us, 12.5);
  ASSERT_TRUE(found.outcome.resources);
  EXPECT_EQ(found.outcome.resources->registers, 64);
  EXPECT_THAT(found.outcome.resources->warnings, ElementsAre("one", "two"));
  ASSERT_TRUE(found.predicted);
  EXPECT_EQ(found.predicted->limiter, "dram");
  EXPECT_EQ(found.provenance.clock_mhz, 1410.0);
  EXPECT_THAT(store.samples(id), ElementsAre(12.5 * 0.99, 12.5, 12.5 * 1.01));
  EXPECT_EQ(store.binary(found.kernel, sample_toolchain()), std::string("\x7f"
                                                                        "ELF\0binary",
                                                                        11));
  EXPECT_THAT(verify(store), IsEmpty());
}

TEST_F(StoreTest, EveryPartOfTheValidityKeyDecides) {
  Store store = open();
  const HardwareId hardware = store.put_hardware(sample_hardware());
  const OperatorId op = store.put_operator(sample_operator());
  store.record(store.begin_run("tune", 0), sample_measurement(op, hardware, 0, 1));
  ASSERT_EQ(store.outcomes(hardware, sample_validity()).size(), 1U);

  Validity other = sample_validity();
  other.signature = "another";
  EXPECT_THAT(store.outcomes(hardware, other), IsEmpty());
  for (std::string Toolchain::*part :
       {&Toolchain::arch, &Toolchain::codegen_version, &Toolchain::compiler, &Toolchain::flags}) {
    other = sample_validity();
    other.toolchain.*part += "x";
    EXPECT_THAT(store.outcomes(hardware, other), IsEmpty());
  }
  other = sample_validity();
  other.policy = "cache=warm threads=1";
  EXPECT_THAT(store.outcomes(hardware, other), IsEmpty());
  EXPECT_THAT(store.outcomes(store.put_hardware(sample_hardware("h100")), sample_validity()),
              IsEmpty());
}

TEST_F(StoreTest, ResumeSeesTheLatestOutcomeOfEachKernel) {
  Store store = open();
  const HardwareId hardware = store.put_hardware(sample_hardware());
  const OperatorId op = store.put_operator(sample_operator());
  const RunId run = store.begin_run("tune", 0);
  MeasurementRecord m = sample_measurement(op, hardware, 0, 1);
  m.outcome.kind = OutcomeKind::pending;
  m.outcome.timing.reset();
  store.record(run, m);
  m = sample_measurement(op, hardware, 0, 3);
  m.provenance.taken_at_ms += 1000;
  store.record(run, m);
  store.record(run, sample_measurement(op, hardware, 1, 2));
  const auto outcomes = store.outcomes(hardware, sample_validity());
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(outcomes[0].outcome.timing->median_us, 3);
  EXPECT_EQ(outcomes[1].outcome.timing->median_us, 2);
}

TEST_F(StoreTest, PendingEndsWithAnyLaterOutcome) {
  Store store = open();
  const HardwareId hardware = store.put_hardware(sample_hardware());
  const OperatorId op = store.put_operator(sample_operator());
  const RunId run = store.begin_run("tune", 0);
  for (const int index : {0, 1, 2}) {
    MeasurementRecord m = sample_measurement(op, hardware, index, 10 - index);
    m.outcome.kind = OutcomeKind::pending;
    m.outcome.timing.reset();
    store.record(run, m);
  }
  MeasurementRecord failed = sample_measurement(op, hardware, 1, 1);
  failed.outcome.kind = OutcomeKind::crashed;
  failed.outcome.timing.reset();
  failed.provenance.taken_at_ms += 1000;
  store.record(run, failed);

  const auto pending = store.pending(hardware);
  ASSERT_EQ(pending.size(), 2U);
  EXPECT_EQ(pending[0].kernel.id, sample_kernel(2).id);  // best prediction first
  EXPECT_EQ(pending[1].kernel.id, sample_kernel(0).id);
  EXPECT_EQ(pending[0].definition, "op: matmul\n");
  EXPECT_EQ(pending[0].operator_name, "matmul");
  EXPECT_EQ(pending[0].toolchain, sample_toolchain());
  EXPECT_THAT(store.pending(store.put_hardware(sample_hardware("h100"))), IsEmpty());
}

TEST_F(StoreTest, WinnerIsReplacedAndKeepsItsBasis) {
  Store store = open();
  const HardwareId hardware = store.put_hardware(sample_hardware());
  const OperatorId op = store.put_operator(sample_operator());
  const RunId run = store.begin_run("tune", 0);
  store.record(run, sample_measurement(op, hardware, 1, 11));
  const std::string signature = sample_operator().signature;
  EXPECT_FALSE(store.winner(signature, hardware));
  store.set_winner(run, op, hardware, "p",
                   {.kernel = sample_kernel(0),
                    .toolchain = sample_toolchain(),
                    .basis = Basis::predicted,
                    .predicted_us = 9});
  ASSERT_TRUE(store.winner(signature, hardware, "p"));
  EXPECT_EQ(store.winner(signature, hardware, "p")->basis, Basis::predicted);
  EXPECT_FALSE(store.winner(signature, hardware, "p")->measured_us);
  store.set_winner(run, op, hardware, "p",
                   {.kernel = sample_kernel(1),
                    .toolchain = sample_toolchain(),
                    .basis = Basis::measured,
                    .measured_us = 10.5,
                    .ties = {"aa", "bb"}});
  store.set_winner(
      run, op, hardware, "q",
      {.kernel = sample_kernel(2), .toolchain = sample_toolchain(), .basis = Basis::predicted});
  const auto winner = store.winner(signature, hardware, "p");
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->kernel.id, sample_kernel(1).id);
  EXPECT_EQ(winner->kernel.source, sample_kernel(1).source);
  EXPECT_EQ(winner->measured_us, 10.5);
  EXPECT_THAT(winner->ties, ElementsAre("aa", "bb"));
  EXPECT_EQ(winner->provenance.driver, "550.54");
  // Without a policy a measured winner goes before a later, predicted one.
  EXPECT_EQ(store.winner(signature, hardware)->kernel.id, sample_kernel(1).id);
  EXPECT_FALSE(store.winner(signature, hardware, "r"));
}

TEST_F(StoreTest, StaleNamesWhatChanged) {
  const Provenance then{"1", "2", "3", "h", "v", {}, 5};
  Provenance now = then;
  now.host = "other";
  EXPECT_EQ(stale_because(then, now), "");
  now.driver = "9";
  EXPECT_EQ(stale_because(then, now), "driver was \"1\", is \"9\"");
}

TEST_F(StoreTest, SameOperatorUnderTwoNamesIsOneRow) {
  Store store = open();
  const OperatorId first = store.put_operator(sample_operator("one"));
  EXPECT_EQ(first, store.put_operator(sample_operator("two")));
  EXPECT_EQ(info(store).rows.at("operators"), 1);
  EXPECT_EQ(info(store).rows.at("operator_names"), 2);
  EXPECT_EQ(info(store).rows.at("operator_dims"), 6);
}

TEST_F(StoreTest, HostileTextIsJustText) {
  const std::string name = "'; DROP TABLE runs; --\n\"x\" <b>\t\\ \xc3\xa4 \x01";
  Store store = open();
  HardwareRecord hardware = sample_hardware(name);
  hardware.vendor_name = name;
  OperatorRecord op = sample_operator(name);
  op.signature = name;
  op.dims = {{name, 3}};
  const HardwareId hardware_id = store.put_hardware(hardware);
  const OperatorId op_id = store.put_operator(op);
  const RunId run = store.begin_run(name, 1);
  MeasurementRecord m = sample_measurement(op_id, hardware_id, 0, 1);
  m.outcome.detail = name + std::string(1, '\0') + "after";
  m.policy = name;
  store.record(run, m);
  const auto found = store.outcomes(hardware_id, {name, sample_toolchain(), name});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].outcome.detail, m.outcome.detail);
  EXPECT_EQ(info(store).rows.at("runs"), 1);
  EXPECT_EQ(info(store).hardware.at(0), name);
}

TEST_F(StoreTest, KernelByPrefix) {
  Store store = open();
  const HardwareId hardware = store.put_hardware(sample_hardware());
  const OperatorId op = store.put_operator(sample_operator());
  const RunId run = store.begin_run("tune", 0);
  store.record(run, sample_measurement(op, hardware, 0, 1));
  store.record(run, sample_measurement(op, hardware, 1, 1));
  EXPECT_EQ(store.kernel(sample_kernel(1).id)->entry, "kernel_1");
  EXPECT_FALSE(store.kernel("ffff"));
  EXPECT_THROW(store.kernel("0000"), Error);
}

TEST(DescribeTest, SaysWhatTheHouseTypesSay) {
  const std::string text = "op: matmul\ndims: {m: 8, n: 16, k: 32}\ndtype: f16\n";
  const auto points = parse_operator_text(text, "op.yaml");
  ASSERT_EQ(points.size(), 1U);
  const Operator& op = points[0].op;
  const OperatorRecord record = describe(op, "contraction", text);
  EXPECT_EQ(record.signature, op.signature());
  EXPECT_EQ(record.structure, op.structure());
  EXPECT_EQ(record.dtype, "f16");
  EXPECT_EQ(record.dims.at("k"), 32);
  EXPECT_EQ(record.flops, 2.0 * 8 * 16 * 32);
  EXPECT_EQ(parse_operator_text(record.definition, "store").at(0).op.signature(), op.signature());

  const Hardware& a100 = find_hardware("a100");
  const HardwareRecord device = describe(a100);
  EXPECT_EQ(device.kind, "gpu");
  EXPECT_EQ(device.arch, "sm_80");
  EXPECT_EQ(device.units, a100.sms);
  EXPECT_EQ(parse_hardware(device.description, "store").name, a100.name);
}

TEST_F(StoreTest, NewestModelIsReadBack) {
  Store store = open();
  EXPECT_FALSE(store.model("gpu"));
  const std::array<std::byte, 2> one{std::byte{1}, std::byte{2}};
  const std::array<std::byte, 1> two{std::byte{9}};
  store.put_model("gpu", "first", one);
  usleep(2000);
  store.put_model("gpu", "second", two);
  ASSERT_TRUE(store.model("gpu"));
  EXPECT_THAT(*store.model("gpu"), ElementsAre(std::byte{9}));
}

}  // namespace
}  // namespace perftune
