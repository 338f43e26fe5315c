// Tuning results of other tools: read completely, failures told apart, and written back.
#include "db/import.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "db/health.hpp"
#include "db/iso_time.hpp"
#include "db/query.hpp"
#include "recipes/error.hpp"
#include "sample_store.hpp"

namespace perftune {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Made up, in the form of https://github.com/KernelTuner/kernel_tuner schema/cache/1.1.0.
constexpr const char* cache = R"json({
  "schema_version": "1.1.0", "device_name": "Some GPU", "kernel_name": "Xgemm",
  "problem_size": [64, 32], "objective": "time",
  "tune_params_keys": ["MWG", "MODE"],
  "tune_params": {"MWG": [16, 32], "MODE": ["a b", "c=\"d\""]},
  "cache": {
    "16,a b": {"MWG": 16, "MODE": "a b", "time": 2.0, "times": [1.0, 2.0, 3.0],
      "GFLOP/s": 0.5, "compile_time": 100, "verification_time": 1, "benchmark_time": 10,
      "strategy_time": 0, "framework_time": 0, "timestamp": "2023-02-13 19:27:48.129080+00:00"},
    "16,c": {"MWG": 16, "MODE": "c=\"d\"", "time": "InvalidConfig", "compile_time": 0,
      "verification_time": 0, "benchmark_time": 0, "strategy_time": 0, "framework_time": 0,
      "timestamp": "2023-02-13 19:27:49.129080+00:00"},
    "32,a b": {"MWG": 32, "MODE": "a b", "time": "CompilationFailedConfig"},
    "32,c": {"MWG": 32, "MODE": "c=\"d\"", "time": "RuntimeFailedConfig"},
    "64,c": {"MWG": 64, "MODE": "c=\"d\"", "time": 1e20}
  }
})json";

constexpr const char* t4 = R"json({
  "schema_version": "1.0.0",
  "results": [
    {"timestamp": "2023-02-13T19:27:48Z", "configuration": {"A": 1, "B": true},
     "objectives": ["time"], "times": {"compilation_time": 20, "runtimes": [0.004, 0.006]},
     "invalidity": "correct", "correctness": 1,
     "measurements": [{"name": "energy", "value": 3}, {"name": "time", "value": 0.005, "unit": "s"}]},
    {"configuration": {"A": 2, "B": false}, "times": {}, "invalidity": "timeout", "correctness": 1},
    {"configuration": {"A": 3, "B": false}, "times": {}, "invalidity": "correctness",
     "correctness": 0},
    {"configuration": {"A": 4, "B": false}, "times": {}, "invalidity": "runtime", "correctness": 1}
  ]
})json";

class ImportTest : public ::testing::Test {
 protected:
  ImportReport import_text(const std::string& text, const ImportOptions& options = {}) {
    write_bytes(folder_ / "results.json", text);
    return import_file(store_, folder_ / "results.json", options);
  }
  std::string message(const std::string& text, const ImportOptions& options = {}) {
    try {
      import_text(text, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_EQ(info(store_).rows.at("measurements"), 0);
      return error.what();
    }
    ADD_FAILURE() << "imported: " << text;
    return "";
  }
  // `text` with one thing replaced.
  static std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  TemporaryFolder folder_;
  Store store_{folder_ / "store.db"};
};

TEST_F(ImportTest, KernelTunerCache) {
  const ImportReport report = import_text(cache);
  EXPECT_EQ(report.format, TuningFormat::kernel_tuner);
  EXPECT_EQ(report.device, "Some GPU");
  EXPECT_EQ(report.configurations, 5);
  EXPECT_EQ(report.valid, 1);
  EXPECT_EQ(report.invalid, 4);
  EXPECT_EQ(report.added, 5);
  EXPECT_THAT(info(store_).outcomes,
              ::testing::UnorderedElementsAre(std::pair("timed", 1), std::pair("rejected", 2),
                                              std::pair("compile_failed", 1),
                                              std::pair("launch_failed", 1)));
  const QueryResult best =
      query(store_, {.columns = {"operator", "dims", "measured_us", "taken_at", "tflops"}});
  ASSERT_EQ(best.rows.size(), 1U);
  EXPECT_EQ(std::get<std::string>(best.rows[0][0]), "Xgemm");
  EXPECT_EQ(std::get<std::string>(best.rows[0][1]), "x=64 y=32");
  EXPECT_EQ(std::get<double>(best.rows[0][2]), 2000);  // the median, in microseconds
  EXPECT_EQ(std::get<std::string>(best.rows[0][3]), "2023-02-13T19:27:48Z");
  EXPECT_DOUBLE_EQ(std::get<double>(best.rows[0][4]), 0.0005);
  EXPECT_THAT(verify(store_), IsEmpty());
}

TEST_F(ImportTest, AgainAddsNothing) {
  import_text(cache);
  EXPECT_EQ(import_text(cache).added, 0);
  EXPECT_EQ(info(store_).rows.at("runs"), 1);
}

TEST_F(ImportTest, RoundTripThroughBothFormats) {
  import_text(cache);
  const TuningFile first = export_tuning(store_, {"operator=Xgemm"});
  EXPECT_EQ(first.results.size(), 5U);
  EXPECT_THAT(first.parameters, ElementsAre("MODE", "MWG"));
  for (const bool as_t4 : {false, true}) {
    const std::string text = as_t4 ? format_t4(first) : format_kernel_tuner(first);
    EXPECT_EQ(recognise_tuning_format(text, "x"),
              as_t4 ? TuningFormat::t4 : TuningFormat::kernel_tuner);
    const TuningFile second = as_t4 ? parse_t4(text, "x") : parse_kernel_tuner(text, "x");
    EXPECT_EQ(second.device, "Some GPU");
    EXPECT_EQ(second.kernel, "Xgemm");
    EXPECT_EQ(second.problem, first.problem);
    ASSERT_EQ(second.results.size(), first.results.size());
    std::map<std::map<std::string, std::string>, const TuningFile::Result*> by_configuration;
    for (const auto& result : second.results) by_configuration[result.configuration] = &result;
    for (const auto& result : first.results) {
      ASSERT_TRUE(by_configuration.contains(result.configuration));
      const TuningFile::Result& other = *by_configuration.at(result.configuration);
      EXPECT_EQ(other.outcome.kind, result.outcome.kind);
      EXPECT_EQ(other.taken_at_ms, result.taken_at_ms);
      ASSERT_EQ(other.outcome.timing.has_value(), result.outcome.timing.has_value());
      if (result.outcome.timing) {
        EXPECT_DOUBLE_EQ(other.outcome.timing->median_us, result.outcome.timing->median_us);
        EXPECT_THAT(other.outcome.timing->samples_us,
                    ::testing::Pointwise(::testing::DoubleEq(), result.outcome.timing->samples_us));
      }
      EXPECT_DOUBLE_EQ(other.outcome.compile_seconds, result.outcome.compile_seconds);
    }
  }
}

TEST_F(ImportTest, T4NeedsADeviceAndTellsFailuresApart) {
  EXPECT_THAT(message(t4), HasSubstr("which device"));
  const ImportReport report = import_text(t4, {.device = "Some GPU", .kernel = "conv"});
  EXPECT_EQ(report.format, TuningFormat::t4);
  EXPECT_EQ(report.valid, 1);
  EXPECT_EQ(report.invalid, 3);
  EXPECT_THAT(
      info(store_).outcomes,
      ::testing::UnorderedElementsAre(std::pair("timed", 1), std::pair("timed_out", 1),
                                      std::pair("wrong_result", 1), std::pair("launch_failed", 1)));
  const auto best = query(store_, {.columns = {"measured_us"}});
  EXPECT_EQ(std::get<double>(best.rows.at(0).at(0)), 5000);
}

// What schema/T4/1.0.0/results-schema.json of Kernel Tuner demands.
TEST_F(ImportTest, T4OutputFollowsItsSchema) {
  const HardwareId hardware = store_.put_hardware(sample_hardware());
  const OperatorId op = store_.put_operator(sample_operator());
  const RunId run = store_.begin_run("tune", 0);
  for (int i = 0; i < 9; ++i) {
    MeasurementRecord m = sample_measurement(op, hardware, i, 5);
    m.outcome.kind = static_cast<OutcomeKind>(i);
    if (m.outcome.kind != OutcomeKind::timed && m.outcome.kind != OutcomeKind::noisy) {
      m.outcome.timing.reset();
    }
    store_.record(run, m);
  }
  const auto document = nlohmann::json::parse(format_t4(export_tuning(store_, {})));
  EXPECT_EQ(document.at("schema_version"), "1.0.0");
  EXPECT_EQ(document.at("results").size(), 8U);  // all but the pending one
  const std::set<std::string> words = {"timeout",     "compile",     "runtime",
                                       "correctness", "constraints", "correct"};
  for (const auto& result : document.at("results")) {
    EXPECT_TRUE(result.at("timestamp").is_string());
    EXPECT_TRUE(result.at("configuration").is_object());
    EXPECT_TRUE(result.at("objectives").is_array());
    const auto& times = result.at("times");
    for (const char* time : {"compilation_time", "framework", "search_algorithm", "validation"}) {
      EXPECT_TRUE(times.at(time).is_number());
    }
    EXPECT_TRUE(times.at("runtimes").is_array());
    EXPECT_TRUE(words.contains(result.at("invalidity").get<std::string>()));
    EXPECT_TRUE(result.at("correctness").is_number());
    for (const auto& measurement : result.at("measurements")) {
      EXPECT_TRUE(measurement.at("name").is_string());
      EXPECT_TRUE(measurement.at("value").is_number());
      EXPECT_TRUE(measurement.at("unit").is_string());
    }
    EXPECT_EQ(result.at("configuration").at("target"), "cuda/simt");
  }
}

TEST_F(ImportTest, ExportWantsExactlyOneSubject) {
  EXPECT_THROW(export_tuning(store_, {}), Error);
  import_text(cache);
  import_text(t4, {.device = "Some GPU", .kernel = "conv"});
  EXPECT_THROW(export_tuning(store_, {}), Error);
  EXPECT_EQ(export_tuning(store_, {"operator=conv"}).results.size(), 4U);
}

TEST_F(ImportTest, WrongFilesSayWhere) {
  EXPECT_THAT(message("nonsense"), HasSubstr("not JSON"));
  EXPECT_THAT(message("{\"a\": 1e999}"), HasSubstr("not JSON"));
  EXPECT_THAT(message("[1, 2]"), HasSubstr("neither a Kernel Tuner cache"));
  EXPECT_THAT(message("{\"cache\": {}"), HasSubstr("line 1"));
  EXPECT_THAT(message(with(cache, "\"device_name\"", "\"devise_name\"")),
              HasSubstr("device_name: missing; should be a text"));
  EXPECT_THAT(message(with(cache, "\"MWG\": 16, \"MODE\": \"a b\", \"time\"",
                           "\"MODE\": \"a b\", \"time\"")),
              HasSubstr("cache.16,a b.MWG: missing"));
  EXPECT_THAT(message(with(cache, "[1.0, 2.0, 3.0]", "[1.0, \"x\"]")),
              HasSubstr("times[1]: should be a number"));
  EXPECT_THAT(message(with(cache, "2023-02-13 19:27:48", "yesterday")), HasSubstr("timestamp"));
  EXPECT_THAT(message(with(cache, "[64, 32]", "[1, 2, 3, 4]")), HasSubstr("problem_size"));
  const ImportOptions device{.device = "Some GPU", .kernel = ""};
  EXPECT_THAT(message(with(t4, "\"configuration\"", "\"config\""), device),
              HasSubstr("results[0].configuration: missing; should be an object"));
  EXPECT_THAT(message(with(t4, "\"timeout\"", "\"tired\""), device),
              HasSubstr("results[1].invalidity: should be timeout"));
  EXPECT_THAT(message(with(t4, "\"correctness\": 0", "\"correctness\": \"no\""), device),
              HasSubstr("results[2].correctness: should be a number"));
  EXPECT_THAT(message(with(t4, "\"name\": \"time\"", "\"name\": \"joy\""), device),
              HasSubstr("no measurement named \"time\""));
  EXPECT_THROW(import_file(store_, folder_ / "absent.json", {}), Error);
}

TEST_F(ImportTest, GzippedAndDamagedGzip) {
  const std::string packed = folder_ / "cache.json.gz";
  gzFile file = gzopen(packed.c_str(), "wb");
  gzwrite(file, cache, static_cast<unsigned>(std::string(cache).size()));
  gzclose(file);
  EXPECT_EQ(import_file(store_, packed, {}).configurations, 5);
  const std::string bytes = read_bytes(packed);
  write_bytes(packed, bytes.substr(0, bytes.size() / 2));
  EXPECT_THROW(import_file(store_, packed, {}), Error);
}

TEST(IsoTimeTest, ReadsWhatToolsWrite) {
  EXPECT_EQ(parse_iso_time("1970-01-01 00:00:01.5"), 1500);
  EXPECT_EQ(parse_iso_time("1970-01-01T01:00:00+01:00"), 0);
  EXPECT_EQ(parse_iso_time("2023-02-13 19:27:48.129080+00:00"), 1676316468129);
  EXPECT_EQ(format_iso_time(1676316468129), "2023-02-13 19:27:48.129+00:00");
  for (const char* wrong : {"", "soon", "2023-02-30 00:00:00", "2023-02-13", "2023-02-13 25:00:00",
                            "2023-02-13 00:00:00 noon"}) {
    EXPECT_FALSE(parse_iso_time(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace perftune
