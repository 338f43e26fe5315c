// CudaDevice over the fake driver: right results, and each fault as what it is.
#include "executor/cuda_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "codegen/cuda/contraction_wgmma.hpp"
#include "device_fault_emitter.hpp"
#include "executor/gpu_detect.hpp"
#include "executor/temporary_folder.hpp"
#include "executor/verification.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "registry.hpp"

#if __has_include(<cuda.h>)
#include <cuda.h>
#endif

namespace perftune {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kFake = {PERFTUNE_FAKE_CUDA_FOLDER};

Operator twice(std::int64_t m) {
  return parse_operator_text("name: twice\ndims: {m: " + std::to_string(m) +
                                 "}\ninputs: {A: \"f32[m]\"}\noutputs: {C: \"f32[m]\"}\n"
                                 "compute:\n  - C[m] = A[m] * 2 + 1\n",
                             "test")[0]
      .op;
}

class CudaDeviceTest : public testing::Test {
 protected:
  CudaDeviceTest() : folder_("/tmp"), op_(twice(1000)), hardware_(find_hardware("a100")) {
    ::setenv("PERFTUNE_FAKE_CUDA", folder_.path().c_str(), 1);
    write_fake_device(folder_.path(), fake_);
  }

  std::optional<Failure> check(CudaDevice& device, DeviceFault fault) {
    const TileProgram program = device_program(fault);
    CompiledKernel kernel{emitter_.emit(op_, program, hardware_), {}, {}};
    kernel.binary = register_kernel(folder_.path(), kernel.kernel);
    return verify_on(device, op_, kernel, emitter_.bind(op_, program, hardware_), 1);
  }

  TemporaryFolder folder_;
  FakeDevice fake_;
  Operator op_;
  Hardware hardware_;
  DeviceFaultEmitter emitter_;
};

TEST_F(CudaDeviceTest, ARightKernelIsRight) {
  const cuda::Driver driver(kFake);
  CudaDevice device(driver, 0, hardware_);
  for (int i = 0; i < 3; ++i) {
    const auto failure = check(device, DeviceFault::none);
    EXPECT_FALSE(failure) << failure->detail;
  }
  EXPECT_TRUE(device.usable());
}

struct Expected {
  DeviceFault fault;
  OutcomeKind kind;
  const char* detail;
  bool usable;
  const char* name;
};

class DeviceFaultTest : public CudaDeviceTest, public testing::WithParamInterface<Expected> {};

TEST_P(DeviceFaultTest, IsToldAsWhatItIs) {
  const cuda::Driver driver(kFake);
  CudaDevice device(driver, 0, hardware_);
  const auto failure = check(device, GetParam().fault);
  ASSERT_TRUE(failure);
  EXPECT_EQ(name(failure->kind), name(GetParam().kind)) << failure->detail;
  EXPECT_THAT(failure->detail, HasSubstr(GetParam().detail));
  EXPECT_EQ(device.usable(), GetParam().usable);
  if (device.usable()) {
    const auto next = check(device, DeviceFault::none);
    EXPECT_FALSE(next) << "the next kernel: " << next->detail;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Faults, DeviceFaultTest,
    testing::Values(
        Expected{DeviceFault::illegal_address, OutcomeKind::crashed,
                 "CUDA_ERROR_ILLEGAL_ADDRESS (700)", false, "illegal_address"},
        Expected{DeviceFault::near_write, OutcomeKind::wrong_result, "outside tensor C", true,
                 "near_write"},
        Expected{DeviceFault::wrong, OutcomeKind::wrong_result, "C[", true, "wrong"},
        Expected{DeviceFault::zeros, OutcomeKind::wrong_result, "zero", true, "zeros"},
        Expected{DeviceFault::partly, OutcomeKind::wrong_result, "C[999]", true, "partly"},
        Expected{DeviceFault::changes_input, OutcomeKind::wrong_result, "input A", true,
                 "changes_input"},
        Expected{DeviceFault::wrong_entry, OutcomeKind::launch_failed, "CUDA_ERROR_NOT_FOUND", true,
                 "wrong_entry"},
        Expected{DeviceFault::too_much_shared, OutcomeKind::launch_failed, "shared memory", true,
                 "too_much_shared"},
        Expected{DeviceFault::too_many_threads, OutcomeKind::launch_failed,
                 "CUDA_ERROR_INVALID_VALUE", true, "too_many_threads"},
        Expected{DeviceFault::cluster, OutcomeKind::launch_failed, "CLUSTER", true, "cluster"},
        Expected{DeviceFault::dirty_workspace, OutcomeKind::wrong_result, "workspace", true,
                 "dirty_workspace"}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST_F(CudaDeviceTest, AnUnknownImageDoesNotLoad) {
  const cuda::Driver driver(kFake);
  CudaDevice device(driver, 0, hardware_);
  CompiledKernel kernel{
      emitter_.emit(op_, device_program(DeviceFault::none), hardware_), std::string(1024, 'x'), {}};
  const auto failure = verify_on(
      device, op_, kernel, emitter_.bind(op_, device_program(DeviceFault::none), hardware_), 1);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, OutcomeKind::launch_failed);
  EXPECT_THAT(failure->detail, HasSubstr("CUDA_ERROR_INVALID_IMAGE"));
}

TEST_F(CudaDeviceTest, TensorsThatDoNotFitAreTheEnvironmentsFault) {
  const cuda::Driver driver(kFake);
  CudaDevice device(driver, 0, hardware_);
  op_ = twice(20 << 20);
  EXPECT_THROW(check(device, DeviceFault::none), Error);
  op_ = twice(1000);  // and what was allocated before is free again
  EXPECT_FALSE(check(device, DeviceFault::none));
}

TEST_F(CudaDeviceTest, ManyLoadsLeakNothing) {
  const cuda::Driver driver(kFake);
  CudaDevice device(driver, 0, hardware_);
  op_ = twice(1 << 20);  // 8 MB of 64
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(check(device, DeviceFault::none));
}

TEST_F(CudaDeviceTest, ALostDeviceIsNoFailureOfTheKernel) {
  fake_.lost_after = 2;
  write_fake_device(folder_.path(), fake_);
  const cuda::Driver driver(kFake);
  CudaDevice device(driver, 0, hardware_);
  EXPECT_FALSE(check(device, DeviceFault::none));
  EXPECT_FALSE(check(device, DeviceFault::none));
  try {
    check(device, DeviceFault::none);
    ADD_FAILURE() << "the device answered";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("CUDA_ERROR_UNKNOWN (999)"));
  }
  EXPECT_FALSE(device.usable());
}

TEST_F(CudaDeviceTest, WithoutADeviceThereIsNoDriver) {
  fake_.devices = 0;
  write_fake_device(folder_.path(), fake_);
  try {
    const cuda::Driver driver(kFake);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("CUDA_ERROR_NO_DEVICE"));
  }
}

TEST_F(CudaDeviceTest, PresentGpusAreFoundInTheCatalogue) {
  fake_.devices = 2;
  write_fake_device(folder_.path(), fake_);
  const cuda::Driver driver(kFake);
  const std::vector<PresentGpu> gpus = present_gpus(driver);
  ASSERT_EQ(gpus.size(), 2u);
  EXPECT_EQ(gpus[1].ordinal, 1);
  EXPECT_EQ(gpus[0].name, "NVIDIA A100-SXM4-80GB");
  EXPECT_EQ(gpus[0].compute_capability, 80);
  EXPECT_EQ(gpus[0].uuid, "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f");
  EXPECT_TRUE(is_present(find_hardware("a100"), gpus[0]));
  EXPECT_FALSE(is_present(find_hardware("h200"), gpus[0]));
  EXPECT_FALSE(is_present(find_hardware("a100-40gb"), gpus[0]));
  const auto hardware = hardware_of(gpus[0], hardware_catalogue());
  ASSERT_TRUE(hardware);
  EXPECT_EQ(hardware->name, find_hardware("a100").name);
}

TEST_F(CudaDeviceTest, EveryGpuOfTheCatalogueFindsItself) {
  for (const Hardware& known : hardware_catalogue()) {
    PresentGpu gpu;
    gpu.name = known.vendor_name;
    gpu.compute_capability = known.compute_capability;
    gpu.sms = known.sms;
    gpu.memory_gib = 0.97 * known.dram_gib;  // drivers keep some
    const auto found = hardware_of(gpu, hardware_catalogue());
    ASSERT_TRUE(found) << known.name;
    EXPECT_EQ(found->name, known.name);
  }
  PresentGpu unknown;
  unknown.compute_capability = 61;
  EXPECT_FALSE(hardware_of(unknown, hardware_catalogue()));
}

TEST_F(CudaDeviceTest, TensorMapsAreEncodedByTheDriverAtLaunch) {
  fake_.name = "NVIDIA H200";
  fake_.compute_capability = 90;
  fake_.shared_bytes_optin = 232448;
  write_fake_device(folder_.path(), fake_);
  const Hardware& h200 = find_hardware("h200");
  const Operator product = parse_operator_text(
      "name: p\ndims: {g: 2, m: 72, n: 40, k: 136}\ninputs: {A: \"bf16[g,m,k]\", B: "
      "\"bf16[g,k,n]\"}\noutputs: {C: \"f32[g,m,n]\"}\ncompute:\n  - C[g,m,n] = sum[k](A[g,m,k] * "
      "B[g,k,n])\n", "test")[0].op;
  const WgmmaContractionEmitter wgmma;
  const cuda::Driver driver(kFake);
  CudaDevice device(driver, 0, h200);
  for (const char* cluster : {"", " cluster_m=2"}) {
    const TileProgram program = TileProgram::parse(
        std::string("contraction cuda/wgmma producers=4 block_m=64 block_n=32 block_k=64 warp_m=16 "
                    "warp_n=32 stages=3 vector_c=4") + cluster);
    ASSERT_EQ(wgmma.illegal(product, program, h200), std::nullopt);
    CompiledKernel kernel{wgmma.emit(product, program, h200), {}, {}};
    kernel.binary = register_kernel(folder_.path(), kernel.kernel);
    const Launch launch = wgmma.bind(product, program, h200);
    const auto failure = verify_on(device, product, kernel, launch, 3);
    EXPECT_FALSE(failure) << failure->detail;
    Launch refused = launch;
    refused.tensor_maps[0].strides[1] += 2;
    const auto why = verify_on(device, product, kernel, refused, 3);
    ASSERT_TRUE(why);
    EXPECT_EQ(why->kind, OutcomeKind::launch_failed);
    EXPECT_THAT(why->detail, HasSubstr("CUDA_ERROR_INVALID_VALUE"));
  }
}

#ifdef CUDA_VERSION
// What cuda_driver.hpp declares is what cuda.h says.
static_assert(sizeof(cuda::LaunchConfig) == sizeof(CUlaunchConfig));
static_assert(offsetof(cuda::LaunchConfig, stream) == offsetof(CUlaunchConfig, hStream));
static_assert(offsetof(cuda::LaunchConfig, attributes) == offsetof(CUlaunchConfig, attrs));
static_assert(sizeof(cuda::LaunchAttribute) == sizeof(CUlaunchAttribute));
static_assert(offsetof(cuda::LaunchAttribute, value) == offsetof(CUlaunchAttribute, value));
static_assert(cuda::kClusterDimension == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
static_assert(cuda::kMaxDynamicSharedBytes == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
static_assert(int(cuda::Attribute::clock_khz) == CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
static_assert(int(cuda::Attribute::multiprocessors) == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
static_assert(int(cuda::Attribute::l2_bytes) == CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
static_assert(int(cuda::Attribute::compute_major) == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
static_assert(int(cuda::Attribute::compute_minor) == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
static_assert(int(cuda::Attribute::shared_bytes_optin) ==
              CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
static_assert(sizeof(cuda::Pointer) == sizeof(CUdeviceptr));
#if CUDA_VERSION >= 12000
static_assert(sizeof(cuda::TensorMapWords) == sizeof(CUtensorMap));
static_assert(CU_TENSOR_MAP_DATA_TYPE_UINT8 == 0 && CU_TENSOR_MAP_DATA_TYPE_FLOAT16 == 6 &&
              CU_TENSOR_MAP_DATA_TYPE_FLOAT32 == 7 && CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 == 9 &&
              CU_TENSOR_MAP_DATA_TYPE_TFLOAT32 == 11);
static_assert(CU_TENSOR_MAP_SWIZZLE_32B == 1 && CU_TENSOR_MAP_SWIZZLE_64B == 2 &&
              CU_TENSOR_MAP_SWIZZLE_128B == 3 && CU_TENSOR_MAP_L2_PROMOTION_L2_128B == 2);
#endif
#endif

}  // namespace
}  // namespace perftune
