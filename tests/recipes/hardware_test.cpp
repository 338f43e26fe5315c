// The hardware catalogue: complete, found by alias, and equal after writing and reading.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {
namespace {

TEST(Hardware, CatalogueHoldsThirteenGpus) { EXPECT_EQ(hardware_catalogue().size(), 13u); }

TEST(Hardware, IsFoundByAliasAndInAnyCase) {
  EXPECT_EQ(find_hardware("a100").name, "a100-sxm-80gb");
  EXPECT_EQ(find_hardware("H200").name, "h200-sxm");
  EXPECT_EQ(find_hardware("3090").arch, "sm_86");
}

TEST(Hardware, UnknownNameListsNearOnes) {
  try {
    find_hardware("a10O");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), testing::HasSubstr("did you mean 'a10'?"));
  }
}

TEST(Hardware, WrittenTextReadsBackEqual) {
  for (const Hardware& hardware : hardware_catalogue()) {
    const std::string text = format_hardware(hardware);
    const Hardware again = parse_hardware(text, hardware.name);
    EXPECT_EQ(format_hardware(again), text);
    EXPECT_EQ(again.name, hardware.name);
    EXPECT_EQ(again.sm.shared_bytes_optin, hardware.sm.shared_bytes_optin);
    EXPECT_EQ(again.tensor_tflops, hardware.tensor_tflops);
    EXPECT_EQ(again.sources, hardware.sources);
  }
}

}  // namespace
}  // namespace perftune
