// What the library hands to NVRTC for another architecture, by the real NVRTC. Not beside the fake driver, which
// NVRTC would find and ask.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "codegen/builtin_emitters.hpp"
#include "codegen/cuda/headers.hpp"
#include "executor/library/stored_code.hpp"
#include "executor/nvrtc_library.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "tuned_store.hpp"

namespace perftune::test {
namespace {

std::uint32_t flags_of(const std::string& image) {
  Elf64_Ehdr header{};
  std::memcpy(&header, image.data(), std::min(image.size(), sizeof header));
  return header.e_flags;
}

TEST(CompileHere, ASourceForAnotherArchitectureGivesACubinForIt) {
  std::optional<NvrtcLibrary> nvrtc;
  try {
    nvrtc.emplace(LibrarySearch({std::string(PERFTUNE_SOURCE_DIR) + "/.deps/cuda/lib"}));
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  const TileProgram program = TileProgram::parse(
      "contraction cuda/simt block_k=16 block_m=32 block_n=32 thread_m=4 thread_n=4 warp_m=16 warp_n=32");
  const Kernel kernel = make_emitters()->find(program)->emit(matmul(40, 24, 32), program, find_hardware("a100"));
  const std::string source = for_capability(kernel.source, 90);
  EXPECT_THAT(source, testing::HasSubstr("#define PT_ARCH 900\n"));
  const auto here = nvrtc->compile(source, kernel.entry + ".cu", cuda_device_headers(), "sm_90");
  const auto there = nvrtc->compile(kernel.source, kernel.entry + ".cu", cuda_device_headers(), "sm_80");
  ASSERT_TRUE(here.ok) << here.why_not;
  ASSERT_TRUE(there.ok) << there.why_not;
  EXPECT_NE(flags_of(here.image), flags_of(there.image)) << "an image's flags hold its architecture";
}

TEST(CompileHere, ASourceThatDoesNotSayWhatItIsFor) { EXPECT_EQ(for_capability("int x;\n", 90), ""); }

}  // namespace
}  // namespace perftune::test
