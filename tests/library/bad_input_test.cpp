// Everything wrong that a caller or a file can be: a status and a message, never a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "db/rows.hpp"
#include "db/schema_digest.hpp"
#include "executor/perftune.hpp"
#include "recipes/words.hpp"
#include "tuned_store.hpp"

namespace perftune::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

class BadInput : public testing::Test {
 protected:
  BadInput() : op_(matmul(24, 32, 40)), tensors_(op_) { tuned_.add(op_); }

  perftune_status find(perftune_store* store, std::int64_t m = 24) {
    const perftune_dim dims[] = {{"m", m}, {"n", 32}, {"k", 40}};
    perftune_query query{};
    query.struct_size = sizeof query;
    query.name = "ffn";
    query.dims = dims;
    query.dim_count = 3;
    perftune_kernel* kernel = nullptr;
    const perftune_status status = perftune_find(store, &query, &kernel);
    EXPECT_EQ(kernel != nullptr, status == PERFTUNE_OK);
    perftune_kernel_close(kernel);
    return status;
  }
  // After `sql` changed the file: what finding says.
  perftune_status find_after(const char* sql, const perftune_open_options* options = nullptr) {
    tuned_.execute(sql);
    const api::Store store(tuned_.path(), options);
    return find(store.get());
  }
  void expect_run(perftune_status expected, const char* words) {
    const api::Store store(tuned_.path());
    const api::Kernel kernel = store.find("ffn", {{"m", 24}, {"n", 32}, {"k", 40}});
    EXPECT_EQ(perftune_run(kernel.get(), tensors_.pointers().data(), tensors_.size(), nullptr), expected);
    EXPECT_THAT(perftune_message(), HasSubstr(words));
    perftune_launch* launch = nullptr;
    EXPECT_EQ(perftune_prepare(kernel.get(), tensors_.pointers().data(), tensors_.size(), nullptr, &launch), expected);
    EXPECT_EQ(launch, nullptr);
  }

  TunedStore tuned_;
  Operator op_;
  Tensors tensors_;
};

TEST_F(BadInput, ClosedHandlesAreRefused) {
  perftune_store* store = nullptr;
  ASSERT_EQ(perftune_store_open(tuned_.path().c_str(), nullptr, &store), PERFTUNE_OK);
  ASSERT_EQ(perftune_store_close(store), PERFTUNE_OK);
  EXPECT_EQ(perftune_store_close(store), PERFTUNE_CLOSED);
  EXPECT_EQ(find(store), PERFTUNE_CLOSED);
  EXPECT_THAT(perftune_message(), HasSubstr("closed"));
  // Its slot lives on in another store; the old handle stays closed.
  const api::Store another(tuned_.path());
  EXPECT_EQ(find(store), PERFTUNE_CLOSED);
  EXPECT_EQ(find(another.get()), PERFTUNE_OK);

  perftune_kernel* kernel = another.find("ffn", tensors_.pointers()).get();  // closed at the end of this line
  EXPECT_EQ(perftune_run(kernel, tensors_.pointers().data(), 4, nullptr), PERFTUNE_CLOSED);
  perftune_kernel_info info{};
  info.struct_size = sizeof info;
  EXPECT_EQ(perftune_kernel_describe(kernel, &info), PERFTUNE_CLOSED);
  perftune_launch* launch = another.find("ffn", tensors_.pointers()).prepare(tensors_.pointers()).get();
  EXPECT_EQ(perftune_launch_run(launch), PERFTUNE_CLOSED);
  perftune_sequence* sequence = nullptr;
  EXPECT_EQ(perftune_sequence_make(&launch, 1, nullptr, &sequence), PERFTUNE_CLOSED);
  EXPECT_EQ(perftune_sequence_run(reinterpret_cast<perftune_sequence*>(launch)), PERFTUNE_CLOSED);
  EXPECT_EQ(perftune_store_close(nullptr), PERFTUNE_OK);
}

TEST_F(BadInput, NoHandlesAtAll) {
  int number = 0;
  EXPECT_EQ(find(reinterpret_cast<perftune_store*>(&number)), PERFTUNE_CLOSED);
  EXPECT_EQ(find(reinterpret_cast<perftune_store*>(std::uintptr_t{0x01ffffff00000001})), PERFTUNE_CLOSED);
  EXPECT_EQ(find(nullptr), PERFTUNE_CLOSED);
  EXPECT_EQ(perftune_store_open(nullptr, nullptr, nullptr), PERFTUNE_BAD_ARGUMENT);
  perftune_store* store = nullptr;
  EXPECT_EQ(perftune_store_open(nullptr, nullptr, &store), PERFTUNE_BAD_ARGUMENT);
  EXPECT_EQ(perftune_find(store, nullptr, nullptr), PERFTUNE_BAD_ARGUMENT);
  EXPECT_STREQ(perftune_status_name(PERFTUNE_OVERLAP), "PERFTUNE_OVERLAP");
  EXPECT_STREQ(perftune_status_name(static_cast<perftune_status>(99)), "an unknown status");
}

TEST_F(BadInput, OptionsOfAnotherSize) {
  perftune_open_options options{};
  perftune_store* store = nullptr;
  EXPECT_EQ(perftune_store_open(tuned_.path().c_str(), &options, &store), PERFTUNE_BAD_ARGUMENT);
  EXPECT_THAT(perftune_message(), HasSubstr("struct_size"));
  options.struct_size = sizeof options;
  options.threads = -1;
  EXPECT_EQ(perftune_store_open(tuned_.path().c_str(), &options, &store), PERFTUNE_BAD_ARGUMENT);
  options.threads = 0;
  options.device = static_cast<perftune_device_type>(7);
  EXPECT_EQ(perftune_store_open(tuned_.path().c_str(), &options, &store), PERFTUNE_BAD_ARGUMENT);
}

TEST_F(BadInput, Queries) {
  const api::Store store(tuned_.path());
  const auto status = [&](const std::string& name, std::vector<perftune_dim> dims, const char* dtype = nullptr) {
    perftune_query query{};
    query.struct_size = sizeof query;
    query.name = name.c_str();
    query.dims = dims.data();
    query.dim_count = dims.size();
    query.dtype = dtype;
    perftune_kernel* kernel = nullptr;
    return perftune_find(store.get(), &query, &kernel);
  };
  EXPECT_EQ(status("fnn", {{"m", 1}}), PERFTUNE_NO_KERNEL);
  EXPECT_THAT(perftune_message(), HasSubstr("'fnn'"));
  EXPECT_EQ(status("ffn", {{"m", 1}, {"n", 32}}), PERFTUNE_BAD_ARGUMENT);
  EXPECT_THAT(perftune_message(), HasSubstr("'k'"));
  EXPECT_EQ(status("ffn", {{"m", 1}, {"n", 32}, {"k", 40}, {"q", 2}}), PERFTUNE_BAD_ARGUMENT);
  EXPECT_EQ(status("ffn", {{"m", 1}, {"n", 32}, {"k", 40}, {"k", 2}}), PERFTUNE_BAD_ARGUMENT);
  EXPECT_EQ(status("ffn", {{"m", 0}, {"n", 32}, {"k", 40}}), PERFTUNE_BAD_ARGUMENT);
  EXPECT_EQ(status("ffn", {{"m", -5}, {"n", 32}, {"k", 40}}), PERFTUNE_BAD_ARGUMENT);
  EXPECT_EQ(status("ffn", {{"m", INT64_MAX}, {"n", INT64_MAX}, {"k", 40}}), PERFTUNE_BAD_ARGUMENT);
  EXPECT_EQ(status("ffn", {{"m", 1}, {"n", 32}, {"k", 40}}, "f16"), PERFTUNE_NO_KERNEL);
  EXPECT_THAT(perftune_message(), HasSubstr("f32"));
  perftune_query query{};
  query.struct_size = sizeof query;
  perftune_kernel* kernel = nullptr;
  EXPECT_EQ(perftune_find(store.get(), &query, &kernel), PERFTUNE_BAD_ARGUMENT);
  query.signature = "no such";
  EXPECT_EQ(perftune_find(store.get(), &query, &kernel), PERFTUNE_NO_KERNEL);
}

TEST_F(BadInput, TensorsOfAnotherShapeTypeOrNumber) {
  std::int64_t wrong_shape[] = {24, 41};
  tensors_[0].shape = wrong_shape;
  expect_run(PERFTUNE_BAD_SHAPE, "shape [24, 41] given, [24, 40] taken");
  Tensors fresh(op_);
  const api::Store store(tuned_.path());
  const api::Kernel kernel = store.find("ffn", {{"m", 24}, {"n", 32}, {"k", 40}});
  EXPECT_EQ(perftune_run(kernel.get(), fresh.pointers().data(), 3, nullptr), PERFTUNE_BAD_SHAPE);
  EXPECT_EQ(perftune_run(kernel.get(), nullptr, 4, nullptr), PERFTUNE_BAD_ARGUMENT);
  auto list = fresh.pointers();
  list[1] = nullptr;
  EXPECT_EQ(perftune_run(kernel.get(), list.data(), 4, nullptr), PERFTUNE_BAD_ARGUMENT);
  fresh[1].dtype.bits = 64;
  EXPECT_EQ(perftune_run(kernel.get(), fresh.pointers().data(), 4, nullptr), PERFTUNE_BAD_SHAPE);
  EXPECT_THAT(perftune_message(), HasSubstr("float64 given, f32 taken"));
  fresh[1].dtype.bits = 32;
  fresh[2].data = nullptr;
  EXPECT_EQ(perftune_run(kernel.get(), fresh.pointers().data(), 4, nullptr), PERFTUNE_BAD_ARGUMENT);
}

TEST_F(BadInput, Strides) {
  std::int64_t strides[] = {1, 24};
  tensors_[0].strides = strides;
  expect_run(PERFTUNE_BAD_SHAPE, "strides");
}

TEST_F(BadInput, OnAnotherDevice) {
  tensors_[1].device = {PERFTUNE_CUDA, 0};
  expect_run(PERFTUNE_WRONG_DEVICE, "tensor 1 ('B'): it lies on CUDA device 0");
}

TEST_F(BadInput, Misaligned) {
  tensors_[3].data = static_cast<std::byte*>(tensors_[3].data) + 2;
  expect_run(PERFTUNE_MISALIGNED, "multiple of 4");
}

TEST_F(BadInput, OverlappingOutput) {
  tensors_[3].data = static_cast<std::byte*>(tensors_[0].data) + 400;
  expect_run(PERFTUNE_OVERLAP, "tensor 3 ('C') overlaps tensor 0 ('A')");
}

TEST_F(BadInput, AStreamOnTheCpu) {
  const api::Store store(tuned_.path());
  perftune_launch_options options{};
  options.struct_size = sizeof options;
  options.stream = &options;
  const api::Kernel kernel = store.find("ffn", tensors_.pointers());
  EXPECT_EQ(perftune_run(kernel.get(), tensors_.pointers().data(), 4, &options), PERFTUNE_BAD_ARGUMENT);
}

TEST_F(BadInput, StoresThatAreNone) {
  perftune_store* store = nullptr;
  EXPECT_EQ(perftune_store_open("/nonexistent/perftune.db", nullptr, &store), PERFTUNE_BAD_STORE);
  EXPECT_EQ(store, nullptr);
  EXPECT_EQ(perftune_store_open("/etc/passwd", nullptr, &store), PERFTUNE_BAD_STORE);
  EXPECT_EQ(perftune_store_open("/tmp", nullptr, &store), PERFTUNE_BAD_STORE);
  fs::resize_file(tuned_.path(), fs::file_size(tuned_.path()) / 2);
  EXPECT_EQ(perftune_store_open(tuned_.path().c_str(), nullptr, &store), PERFTUNE_BAD_STORE);
  EXPECT_THAT(perftune_message(), HasSubstr("damaged"));
}

// The library knows the schema by digests (db/schema_digest.hpp); a message still names what is not ours.
TEST_F(BadInput, ASchemaThatIsNotOurs) {
  const auto expect_refused = [](const char* sql, const char* what) {
    TunedStore store;
    store.execute(sql);
    perftune_store* opened = nullptr;
    EXPECT_EQ(perftune_store_open(store.path().c_str(), nullptr, &opened), PERFTUNE_BAD_STORE) << sql;
    EXPECT_EQ(opened, nullptr);
    EXPECT_THAT(perftune_message(), AllOf(HasSubstr(store.path()), HasSubstr(what)));
  };
  expect_refused("CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM measurements; END", "not a store as perftune makes it: unexpected trigger \"evil\"");
  expect_refused("DROP TABLE models; CREATE VIEW models AS SELECT * FROM runs", "not a store as perftune makes it: unexpected view \"models\"");
  expect_refused("CREATE INDEX evil ON runs (hex(command))", "not a store as perftune makes it: unexpected index \"evil\"");
  expect_refused("ALTER TABLE runs ADD COLUMN evil TEXT AS (hex(command))", "not a store as perftune makes it: altered table \"runs\"");
  const std::size_t objects = sqlite::this_schema().objects.size();
  ASSERT_GT(objects, 50U);
  expect_refused("DROP VIEW suite_rows", words("not a store as perftune makes it: {} of its {} tables, indexes and views are there", objects - 1, objects).c_str());
  expect_refused("PRAGMA user_version = 6", "an older store (version 6, current 7)");
  expect_refused("PRAGMA user_version = 999", "written by a newer perftune");
}

TEST_F(BadInput, AStoreDeletedOrReplacedWhileOpen) {
  const api::Store store(tuned_.path());
  api::Launch launch = store.find("ffn", tensors_.pointers()).prepare(tensors_.pointers());
  ASSERT_EQ(find(store.get()), PERFTUNE_OK);
  fs::copy_file(tuned_.path(), tuned_.path() + ".copy");
  fs::remove(tuned_.path());
  EXPECT_EQ(find(store.get()), PERFTUNE_OK) << "known before: loaded kernels go on";
  EXPECT_EQ(find(store.get(), 25), PERFTUNE_STORE_CHANGED);
  EXPECT_THAT(perftune_message(), HasSubstr("deleted"));
  fs::rename(tuned_.path() + ".copy", tuned_.path());
  EXPECT_EQ(find(store.get(), 26), PERFTUNE_STORE_CHANGED);
  EXPECT_THAT(perftune_message(), HasSubstr("replaced"));
  launch.run();
  EXPECT_EQ(tensors_.wrong().value_or(""), "");
}

TEST_F(BadInput, AnAlteredSource) {
  EXPECT_EQ(find_after("UPDATE kernels SET source = source || ' '"), PERFTUNE_REFUSED);
  EXPECT_THAT(perftune_message(), HasSubstr("source does not match its hash"));
}

TEST_F(BadInput, AnAlteredBinary) {
  EXPECT_EQ(find_after("UPDATE builds SET binary = CAST(binary || x'00' AS BLOB)"), PERFTUNE_REFUSED);
  EXPECT_THAT(perftune_message(), HasSubstr("binary does not match its hash"));
}

TEST_F(BadInput, ABinaryWithoutItsHash) {
  EXPECT_EQ(find_after("UPDATE builds SET binary_hash = NULL"), PERFTUNE_REFUSED);
}

TEST_F(BadInput, NoBinaryKept) {
  EXPECT_EQ(find_after("UPDATE builds SET binary = NULL"), PERFTUNE_NO_KERNEL);
  EXPECT_THAT(perftune_message(), HasSubstr("tune again"));
}

TEST_F(BadInput, ABinaryForAnotherArchitecture) {
  EXPECT_EQ(find_after("UPDATE toolchains SET arch = 'sm_90a'"), PERFTUNE_WRONG_ARCHITECTURE);
  EXPECT_THAT(perftune_message(), HasSubstr("sm_90a"));
}

TEST_F(BadInput, AnAlteredTileProgram) {
  EXPECT_EQ(find_after("UPDATE kernels SET program = 'rm -rf /'"), PERFTUNE_BAD_ARGUMENT);
}

// Hashes that match what they stand beside, but not what was generated.
TEST_F(BadInput, AnotherSourceWithItsHash) {
  const std::string source = "int main() {}", hash = sqlite::source_hash(source);
  EXPECT_EQ(find_after(("UPDATE kernels SET source = '" + source + "', source_hash = '" + hash + "'").c_str()), PERFTUNE_REFUSED);
  EXPECT_THAT(perftune_message(), HasSubstr("do not fit together"));
}

TEST_F(BadInput, AnotherTileProgramThatIsLegal) {
  EXPECT_EQ(find_after("UPDATE kernels SET program = replace(program, 'register_m=4', 'register_m=2')"), PERFTUNE_REFUSED);
  EXPECT_THAT(perftune_message(), HasSubstr("do not fit together"));
}

TEST_F(BadInput, AWinnerOfAnotherOperator) {
  // Same tile program, same arguments, another epilogue: only the seal tells them apart.
  const Operator other = matmul_with("gelu", 24, 32, 40);
  tuned_.add(other);
  EXPECT_EQ(find_after("UPDATE winners SET build = (SELECT max(build) FROM winners)"), PERFTUNE_STALE);
  EXPECT_THAT(perftune_message(), HasSubstr("does not say that it was generated for this operator"));
}

TEST_F(BadInput, AStoreWithoutSeals) {
  EXPECT_EQ(find_after("DELETE FROM origins"), PERFTUNE_STALE);
  EXPECT_THAT(perftune_message(), HasSubstr("tune again"));
}

TEST_F(BadInput, AnotherVersionOfTheCodeGenerator) {
  EXPECT_EQ(find_after("UPDATE toolchains SET codegen_version = '1-00000000'"), PERFTUNE_STALE);
  EXPECT_THAT(perftune_message(), HasSubstr("code generator 1-00000000 made it"));
}

TEST_F(BadInput, NothingForThisDevice) {
  EXPECT_EQ(find_after("UPDATE hardware SET kind = 'gpu'"), PERFTUNE_NO_KERNEL);
  EXPECT_THAT(perftune_message(), HasSubstr("cpu-local"));
}

TEST_F(BadInput, AnotherModelOfCpuIsNoExactHit) {
  tuned_.execute("UPDATE hardware SET vendor_name = 'Another CPU'");
  const api::Store store(tuned_.path());
  EXPECT_EQ(find(store.get()), PERFTUNE_OK);
  EXPECT_THROW(store.find("ffn", {{"m", 24}, {"n", 32}, {"k", 40}}, PERFTUNE_EXACT_ONLY), api::Failure);
}

TEST_F(BadInput, AnOlderDefinition) {
  EXPECT_EQ(find_after("UPDATE operator_names SET definition = 'op: matmul' || char(10)"), PERFTUNE_STALE);
  EXPECT_EQ(find_after("UPDATE operator_names SET definition = '{{{'"), PERFTUNE_STALE);
}

TEST_F(BadInput, Trust) {
  perftune_open_options options{};
  options.struct_size = sizeof options;
  options.trust = PERFTUNE_TRUST_NONE;
  EXPECT_EQ(find_after("", &options), PERFTUNE_REFUSED);
  ASSERT_EQ(::chmod(tuned_.path().c_str(), 0666), 0);
  options.trust = PERFTUNE_TRUST_OWN;
  EXPECT_EQ(find_after("", &options), PERFTUNE_REFUSED);
  EXPECT_THAT(perftune_message(), HasSubstr("PERFTUNE_TRUST_ALL"));
  options.trust = PERFTUNE_TRUST_ALL;
  EXPECT_EQ(find_after("", &options), PERFTUNE_OK);
}

TEST_F(BadInput, ADeviceThatIsNotHere) {
  perftune_open_options options{};
  options.struct_size = sizeof options;
  options.device = PERFTUNE_CUDA;
  options.driver_folder = "/nonexistent";
  perftune_store* store = nullptr;
  const perftune_status status = perftune_store_open(tuned_.path().c_str(), &options, &store);
  EXPECT_TRUE(status == PERFTUNE_NO_DEVICE || status == PERFTUNE_OK);  // OK on a machine with a GPU
  perftune_store_close(store);
}

}  // namespace
}  // namespace perftune::test
