#include "executor/host_compiler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "executor/loaded_library.hpp"
#include "executor/temporary_folder.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kFlags = {"-std=c++20", "-O1"};

class HostCompilerTest : public testing::Test {
 protected:
  HostCompilerTest() : folder_("/tmp"), compiler_(HostCompiler::find()) {
    if (compiler_) compiler_->set_temporary_parent(folder_.path());
  }
  void SetUp() override { ASSERT_TRUE(compiler_) << "no host compiler in the default path"; }
  void TearDown() override {
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << "a temporary folder was left";
  }
  HostCompileResult compile(const std::string& source, double deadline_s = 60) {
    return compiler_->compile(source, headers_, kFlags, deadline_s);
  }

  TemporaryFolder folder_;
  std::optional<HostCompiler> compiler_;
  std::vector<DeviceHeader> headers_;
};

TEST_F(HostCompilerTest, CompilesLoadsAndCalls) {
  headers_ = {{"perftune/outer.hpp", "#include \"perftune/inner.hpp\"\n"},
              {"perftune/inner.hpp", "inline int doubled(int x) { return 2 * x; }\n"}};
  const HostCompileResult result = compile(
      "#include \"perftune/outer.hpp\"\nextern \"C\" int twice(int x) { return doubled(x); }\n");
  ASSERT_TRUE(result.ok) << result.log;
  std::string why_not;
  const std::optional<LoadedLibrary> library = LoadedLibrary::load(result.binary, why_not);
  ASSERT_TRUE(library) << why_not;
  auto* const twice = reinterpret_cast<int (*)(int)>(library->symbol("twice"));
  ASSERT_NE(twice, nullptr);
  EXPECT_EQ(twice(21), 42);
  EXPECT_EQ(library->symbol("thrice"), nullptr);
}

TEST_F(HostCompilerTest, TwoLibrariesOfOneNameAreTwo) {
  std::string why_not;
  const auto one = compile("extern \"C\" int value() { return 1; }");
  const auto two = compile("extern \"C\" int value() { return 2; }");
  ASSERT_TRUE(one.ok && two.ok);
  const auto first = LoadedLibrary::load(one.binary, why_not);
  const auto second = LoadedLibrary::load(two.binary, why_not);
  ASSERT_TRUE(first && second) << why_not;
  EXPECT_EQ(reinterpret_cast<int (*)()>(first->symbol("value"))(), 1);
  EXPECT_EQ(reinterpret_cast<int (*)()>(second->symbol("value"))(), 2);
}

TEST_F(HostCompilerTest, AnErrorIsAValueWithTheCompilersWords) {
  const HostCompileResult result = compile("int f() { return undeclared_name; }");
  EXPECT_FALSE(result.ok);
  EXPECT_FALSE(result.timed_out);
  EXPECT_TRUE(result.binary.empty());
  EXPECT_THAT(result.log, HasSubstr("undeclared_name"));
}

TEST_F(HostCompilerTest, AnUndefinedSymbolFailsAtLoading) {
  const HostCompileResult result = compile(
      "extern \"C\" int missing_function(); extern \"C\" int f() { return missing_function(); }");
  ASSERT_TRUE(result.ok) << result.log;
  std::string why_not;
  EXPECT_FALSE(LoadedLibrary::load(result.binary, why_not));
  EXPECT_THAT(why_not, HasSubstr("missing_function"));
}

TEST_F(HostCompilerTest, GarbageDoesNotLoad) {
  std::string why_not;
  EXPECT_FALSE(LoadedLibrary::load("this is no shared object", why_not));
  EXPECT_FALSE(why_not.empty());
}

// 2^28 template instantiations: no compiler ends.
constexpr const char* kEndless =
    "template <int D, int P> struct T { static constexpr long v = T<D - 1, 2 * P>::v + "
    "T<D - 1, 2 * P + 1>::v; };\ntemplate <int P> struct T<0, P> { static constexpr long v = P; "
    "};\n"
    "extern \"C\" long f() { return T<28, 0>::v; }\n";

TEST_F(HostCompilerTest, ACompilerThatHangsIsStopped) {
  const HostCompileResult result = compile(kEndless, 0.5);
  EXPECT_FALSE(result.ok);
  EXPECT_TRUE(result.timed_out) << result.log;
  EXPECT_LT(result.seconds, 5);
}

TEST_F(HostCompilerTest, ACompilerThatEatsMemoryIsStopped) {
  compiler_->set_memory_limit(std::int64_t{256} << 20);
  const HostCompileResult result = compile(kEndless, 60);
  EXPECT_FALSE(result.ok);
  EXPECT_FALSE(result.timed_out) << result.log;
}

TEST_F(HostCompilerTest, AHeaderCannotLeaveTheFolder) {
  headers_ = {{"../escaped.hpp", ""}};
  EXPECT_THROW(compile("int x;"), Error);
  headers_ = {{"/tmp/escaped.hpp", ""}};
  EXPECT_THROW(compile("int x;"), Error);
}

TEST(HostCompilerFind, NoneIsNullopt) {
  EXPECT_FALSE(HostCompiler::find({}, "/nonexistent"));
  EXPECT_FALSE(HostCompiler::find("no-such-compiler"));
  EXPECT_FALSE(HostCompiler::find("/bin/false"));
}

TEST(HostCompilerFind, IdentityHasPathAndVersion) {
  const auto compiler = HostCompiler::find("g++");
  ASSERT_TRUE(compiler);
  EXPECT_THAT(compiler->identity(),
              testing::ContainsRegex("^/.*/g\\+\\+ \\(.*[0-9]+\\.[0-9]+.*\\)$"));
}

}  // namespace
}  // namespace perftune
