// The library on a CUDA device, which is the fake driver over the emulator.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "codegen/vendor/cublas_lt_emitter.hpp"
#include "device_fault_emitter.hpp"
#include "executor/host_compiler.hpp"
#include "executor/perftune.hpp"
#include "recipes/hardware_file.hpp"
#include "registry.hpp"
#include "tuned_store.hpp"

namespace perftune::test {
namespace {

using testing::HasSubstr;

class CudaLibrary : public testing::Test {
 protected:
  CudaLibrary()
      : folder_("/tmp"),
        tuned_(find_hardware("a100"), [this](const Kernel& kernel) {
          return kernel.language == Kernel::Language::cpp ? host_code(kernel) : register_kernel(folder_.path(), kernel);
        }),
        op_(matmul(40, 24, 32)) {
    ::setenv("PERFTUNE_FAKE_CUDA", folder_.path().c_str(), 1);
    write_fake_device(folder_.path(), fake_);
    tuned_.add(op_, 0);
  }

  static std::string host_code(const Kernel& kernel) {
    static const auto compiler = HostCompiler::find();
    auto result = compiler.value().compile(kernel.source, {}, vendor_compile_flags(), 60);
    EXPECT_TRUE(result.ok) << result.log;
    return std::move(result.binary);
  }
  // By the fake's algorithm that is right, or the one that refuses.
  TileProgram cublas_lt(std::uint64_t algorithm, std::int64_t version = vendor_version(13, 1, 0)) const {
    std::string why_not;
    return cublas_lt_program(fused_product(op_, why_not).value(), {{algorithm}, 4096, version});
  }

  api::Store open(const char* nvrtc_folder = nullptr) {
    perftune_open_options options{};
    options.nvrtc_folder = nvrtc_folder;
    options.struct_size = sizeof options;
    options.device = PERFTUNE_CUDA;
    options.driver_folder = PERFTUNE_FAKE_CUDA_FOLDER;
    return api::Store(tuned_.path(), &options);
  }
  void become_h100() {
    fake_.name = "NVIDIA H100 80GB HBM3";
    fake_.compute_capability = 90;
    fake_.sms = 132;
    fake_.shared_bytes_optin = 232448;
    write_fake_device(folder_.path(), fake_);
  }
  static void expect_failure(const api::Store& store, Tensors& host, perftune_status status, const char* words) {
    try {
      store.find("ffn", host.pointers());
      ADD_FAILURE() << "answered";
    } catch (const api::Failure& failure) {
      EXPECT_EQ(failure.status(), status);
      EXPECT_THAT(failure.what(), HasSubstr(words));
    }
  }
  // A function of the driver that the store has loaded: a second driver would start a new device.
  template <class Function>
  static Function driver(const char* name) {
    void* library = ::dlopen(PERFTUNE_FAKE_CUDA_FOLDER "/libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    return reinterpret_cast<Function>(::dlsym(library, name));
  }
  // Tensors with their data on the device; `host` keeps theirs.
  struct OnDevice {
    explicit OnDevice(Tensors& on_host) : host(on_host) {
      for (std::size_t i = 0; i < host.size(); ++i) {
        tensors.push_back(host[i]);
        bytes.push_back(static_cast<std::size_t>(host[i].shape[0]) * (host[i].ndim > 1 ? static_cast<std::size_t>(host[i].shape[1]) : 1) * 4);
        std::uint64_t at = 0;
        EXPECT_EQ(driver<int (*)(std::uint64_t*, std::size_t)>("cuMemAlloc_v2")(&at, bytes[i] + 256), 0);
        tensors[i].data = reinterpret_cast<void*>(at);
        tensors[i].device = {PERFTUNE_CUDA, 0};
        driver<int (*)(std::uint64_t, const void*, std::size_t)>("cuMemcpyHtoD_v2")(at, host[i].data, bytes[i]);
      }
    }
    std::vector<const perftune_tensor*> pointers() const {
      std::vector<const perftune_tensor*> list;
      for (const perftune_tensor& tensor : tensors) list.push_back(&tensor);
      return list;
    }
    std::optional<std::string> wrong() {
      driver<int (*)(void*, std::uint64_t, std::size_t)>("cuMemcpyDtoH_v2")(
          host[3].data, reinterpret_cast<std::uint64_t>(tensors[3].data), bytes[3]);
      return host.wrong();
    }
    Tensors& host;
    std::vector<perftune_tensor> tensors;
    std::vector<std::size_t> bytes;
  };

  std::uintmax_t count(const char* what) const {
    std::error_code none;
    const auto size = std::filesystem::file_size(folder_.path() + "/" + what, none);
    return none ? 0 : size;
  }

  TemporaryFolder folder_;
  FakeDevice fake_;
  TunedStore tuned_;
  Operator op_;
};

TEST_F(CudaLibrary, RunsTheWinnerInAStream) {
  const api::Store store = open();
  Tensors host(op_);
  OnDevice device(host);
  const api::Kernel kernel = store.find("ffn", device.pointers(), PERFTUNE_EXACT_ONLY);
  EXPECT_STREQ(kernel.info().tuned_on, "a100-sxm-80gb");
  EXPECT_EQ(kernel.tensor(0).alignment, 16U);
  kernel.run(device.pointers());
  EXPECT_EQ(device.wrong().value_or(""), "");
  api::Launch launch = kernel.prepare(device.pointers());
  launch.run();
  launch.run();
  EXPECT_EQ(count("launches"), 3U);
}

TEST_F(CudaLibrary, CallsTheVendorsLibrary) {
  if (::dlopen("libcublasLt.so.13", RTLD_NOW | RTLD_LOCAL) == nullptr)
    GTEST_SKIP() << "LD_LIBRARY_PATH has no cuBLASLt: set it to " PERFTUNE_FAKE_CUDA_FOLDER;
  tuned_.win(op_, cublas_lt(1), 5);
  const api::Store store = open();
  Tensors host(op_);
  OnDevice device(host);
  const api::Kernel kernel = store.find("ffn", device.pointers(), PERFTUNE_EXACT_ONLY);
  EXPECT_EQ(kernel.info().program, cublas_lt(1).text());
  EXPECT_EQ(kernel.info().workspace_bytes, 4096U);
  kernel.run(device.pointers());
  EXPECT_EQ(device.wrong().value_or(""), "");
  api::Launch launch = kernel.prepare(device.pointers());
  launch.run();
  launch.run();
  EXPECT_EQ(device.wrong().value_or(""), "");
  EXPECT_EQ(count("launches"), 0U) << "no kernel of ours";
}

TEST_F(CudaLibrary, AnotherVersionOfTheLibraryGivesWayToOurs) {
  tuned_.win(op_, cublas_lt(1, vendor_version(12, 9, 1)), 5);
  const api::Store store = open();
  Tensors host(op_);
  OnDevice device(host);
  const api::Kernel kernel = store.find("ffn", device.pointers());
  EXPECT_EQ(kernel.info().hit, PERFTUNE_HIT_RUNNER_UP);
  EXPECT_THAT(kernel.info().program, HasSubstr("cuda/simt"));
  EXPECT_THAT(kernel.info().note, HasSubstr("cuBLASLt"));
  kernel.run(device.pointers());
  EXPECT_EQ(device.wrong().value_or(""), "");
}

TEST_F(CudaLibrary, WhatTheLibraryRefusesIsAStatus) {
  if (::dlopen("libcublasLt.so.13", RTLD_NOW | RTLD_LOCAL) == nullptr)
    GTEST_SKIP() << "LD_LIBRARY_PATH has no cuBLASLt: set it to " PERFTUNE_FAKE_CUDA_FOLDER;
  tuned_.win(op_, cublas_lt(2), 5);
  const api::Store store = open();
  Tensors host(op_);
  OnDevice device(host);
  const api::Kernel kernel = store.find("ffn", device.pointers());
  try {
    kernel.run(device.pointers());
    ADD_FAILURE() << "it ran";
  } catch (const api::Failure& failure) {
    EXPECT_EQ(failure.status(), PERFTUNE_LAUNCH_FAILED);
    EXPECT_THAT(failure.what(), HasSubstr("status 15"));
  }
}

TEST_F(CudaLibrary, ServesAnotherShape) {
  const api::Store store = open();
  Tensors host(matmul(48, 24, 40));
  OnDevice device(host);
  const api::Kernel kernel = store.find("ffn", device.pointers());
  EXPECT_NE(kernel.info().hit, PERFTUNE_HIT_EXACT);
  kernel.run(device.pointers());
  EXPECT_EQ(device.wrong().value_or(""), "");
}

TEST_F(CudaLibrary, ASequenceIsOneGraph) {
  const api::Store store = open();
  Tensors host(op_), other_host(op_, 2);
  OnDevice device(host), other(other_host);
  const api::Kernel kernel = store.find("ffn", device.pointers());
  api::Launch first = kernel.prepare(device.pointers()), second = kernel.prepare(other.pointers());
  api::Sequence both({&first, &second});
  EXPECT_EQ(count("launches"), 0U) << "captured, not run";
  both.run();
  both.run();
  EXPECT_EQ(count("graphs"), 2U);
  EXPECT_EQ(count("launches"), 4U);
  EXPECT_EQ(device.wrong().value_or(""), "");
  EXPECT_EQ(other.wrong().value_or(""), "");
}

TEST_F(CudaLibrary, TensorsElsewhereOrMisaligned) {
  const api::Store store = open();
  Tensors host(op_);
  OnDevice device(host);
  const api::Kernel kernel = store.find("ffn", device.pointers());
  EXPECT_EQ(perftune_run(kernel.get(), host.pointers().data(), 4, nullptr), PERFTUNE_WRONG_DEVICE);
  EXPECT_THAT(perftune_message(), HasSubstr("it lies on the CPU, the kernel runs on CUDA device 0"));
  device.tensors[1].device.id = 1;
  EXPECT_EQ(perftune_run(kernel.get(), device.pointers().data(), 4, nullptr), PERFTUNE_WRONG_DEVICE);
  device.tensors[1].device.id = 0;
  device.tensors[1].byte_offset = 8;
  EXPECT_EQ(perftune_run(kernel.get(), device.pointers().data(), 4, nullptr), PERFTUNE_MISALIGNED);
}

TEST_F(CudaLibrary, AnImageThatTheDeviceDoesNotTake) {
  // The driver is told that what stands for the image is no build that it can load.
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    if (entry.path().extension() == ".emulated") std::ofstream(entry.path()) << "for another GPU";
  const api::Store store = open();
  Tensors host(op_);
  try {
    store.find("ffn", host.pointers());
    FAIL() << "loaded";
  } catch (const api::Failure& failure) {
    EXPECT_EQ(failure.status(), PERFTUNE_WRONG_ARCHITECTURE);
  }
}

TEST_F(CudaLibrary, CompilesForAnotherGpuThanTheStores) {
  become_h100();
  const api::Store store = open(PERFTUNE_FAKE_CUDA_FOLDER "_nvrtc");
  Tensors host(op_);
  OnDevice device(host);
  const api::Kernel kernel = store.find("ffn", device.pointers());
  EXPECT_EQ(kernel.info().hit, PERFTUNE_HIT_EXACT);
  kernel.run(device.pointers());
  EXPECT_EQ(device.wrong().value_or(""), "");
  EXPECT_THROW(store.find("ffn", device.pointers(), PERFTUNE_EXACT_ONLY), api::Failure) << "not tuned on this model";
}

TEST_F(CudaLibrary, WithoutABinaryTheSourceIsCompiled) {
  tuned_.execute("UPDATE builds SET binary = NULL, binary_hash = NULL");
  const api::Store store = open(PERFTUNE_FAKE_CUDA_FOLDER "_nvrtc");
  Tensors host(op_);
  OnDevice device(host);
  store.find("ffn", device.pointers()).run(device.pointers());
  EXPECT_EQ(device.wrong().value_or(""), "");
}

TEST_F(CudaLibrary, AnAlteredSourceOrHeaderIsNotCompiled) {
  become_h100();
  Tensors host(op_);
  tuned_.execute("UPDATE device_headers SET text = text || ' ' WHERE name = 'perftune/types.cuh'");
  expect_failure(open(PERFTUNE_FAKE_CUDA_FOLDER "_nvrtc"), host, PERFTUNE_BAD_STORE, "perftune/types.cuh does not match its hash");
  tuned_.execute("UPDATE kernels SET source = source || ' '");
  expect_failure(open(PERFTUNE_FAKE_CUDA_FOLDER "_nvrtc"), host, PERFTUNE_REFUSED, "source does not match its hash");
}

TEST_F(CudaLibrary, WithoutNvrtcAnotherGpuIsOneClearLine) {
  become_h100();
  Tensors host(op_);
  expect_failure(open(folder_.path().c_str()), host, PERFTUNE_WRONG_ARCHITECTURE,
                 "its binary is for sm_80, this is sm_90, and its source cannot be compiled here: ");
}

TEST_F(CudaLibrary, ADeviceThatFallsOffTheBus) {
  fake_.lost_after = 0;
  write_fake_device(folder_.path(), fake_);
  const api::Store store = open();
  Tensors host(op_);
  OnDevice device(host);
  const api::Kernel kernel = store.find("ffn", device.pointers());
  EXPECT_EQ(perftune_run(kernel.get(), device.pointers().data(), 4, nullptr), PERFTUNE_LAUNCH_FAILED);
  EXPECT_THAT(perftune_message(), HasSubstr("launching"));
}

}  // namespace
}  // namespace perftune::test
