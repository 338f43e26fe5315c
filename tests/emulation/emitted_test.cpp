// Emitted kernels in the emulator against the oracle.
#include <gtest/gtest.h>

#include "codegen/emulation/headers.hpp"
#include "tests/emulation/emitted_case.hpp"

namespace perftune::testing {
namespace {

class EmittedKernel : public ::testing::TestWithParam<EmittedCase> {};

TEST_P(EmittedKernel, AgreesWithTheOracle) {
  EXPECT_EQ(verify_emitted(GetParam(), emulation_device_headers()).wrong, "");
}

const auto name_of = [](const auto& test) { return test.param.name; };
INSTANTIATE_TEST_SUITE_P(Simt, EmittedKernel, ::testing::ValuesIn(simt_cases()), name_of);

INSTANTIATE_TEST_SUITE_P(Mma, EmittedKernel, ::testing::ValuesIn(mma_cases()), name_of);

INSTANTIATE_TEST_SUITE_P(Wgmma, EmittedKernel, ::testing::ValuesIn(wgmma_cases()), name_of);

}  // namespace
}  // namespace perftune::testing
