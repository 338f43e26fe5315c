// Compiled binaries contain the instructions that they are meant to contain: PTX, and what ptxas made of
// it where a disassembler is at hand (nvdisasm on PATH, or named by PERFTUNE_NVDISASM).
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "codegen/cuda/contraction_mma.hpp"
#include "codegen/cuda/contraction_wgmma.hpp"
#include "executor/nvrtc.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "tests/cuda/cuda_case.hpp"

namespace perftune::testing {
namespace {

struct Case {
  const char* what;
  const char *type, *out, *a, *b, *gpu, *program;
  std::vector<const char*> ptx, sass;
};

// Reads all that `command` prints; nullopt when it does not start or fails.
std::optional<std::string> output_of(const std::string& command) {
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  char buffer[65536];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  return pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

std::string disassembler() {
  const char* const named = std::getenv("PERFTUNE_NVDISASM");
  const std::string command = named != nullptr ? named : "nvdisasm";
  return output_of(command + " --version") ? command : "";
}

std::string disassemble(const std::string& command, const std::string& cubin) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("perftune-instructions-" + std::to_string(getpid()) + ".cubin");
  std::ofstream(file, std::ios::binary) << cubin;
  const auto text = output_of(command + " -c " + file.string());
  std::filesystem::remove(file);
  return text.value_or("");
}

class Instructions : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    try {
      nvrtc_ = std::make_unique<Nvrtc>();
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
    const Case& c = GetParam();
    const TileProgram program = TileProgram::parse(c.program);
    const Operator op = matmul(c.type, c.out, c.a, c.b, "m: 1024, n: 1024, k: 1024");
    const Hardware& hardware = find_hardware(c.gpu);
    const MmaContractionEmitter mma;
    const WgmmaContractionEmitter wgmma;
    const Emitter& emitter = program.target == "cuda/mma" ? static_cast<const Emitter&>(mma) : wgmma;
    ASSERT_EQ(emitter.illegal(op, program, hardware), std::nullopt);
    kernel_ = emitter.emit(op, program, hardware);
    arch_ = hardware.arch;
  }
  std::unique_ptr<Nvrtc> nvrtc_;
  Kernel kernel_;
  std::string arch_;
};

TEST_P(Instructions, StandInThePtx) {
  const auto ptx = nvrtc_->ptx(kernel_, arch_);
  ASSERT_TRUE(std::holds_alternative<std::string>(ptx)) << std::get<Failure>(ptx).detail;
  for (const char* part : GetParam().ptx)
    EXPECT_NE(std::get<std::string>(ptx).find(part), std::string::npos) << part;
}

TEST_P(Instructions, StandInTheBinary) {
  const std::string command = disassembler();
  if (command.empty()) GTEST_SKIP() << "no nvdisasm: scripts/setup installs one beside NVRTC";
  const auto compiled = nvrtc_->compile(kernel_, arch_);
  ASSERT_TRUE(std::holds_alternative<CompiledKernel>(compiled)) << std::get<Failure>(compiled).detail;
  EXPECT_EQ(std::get<CompiledKernel>(compiled).resources.spill_bytes, 0);
  const std::string sass = disassemble(command, std::get<CompiledKernel>(compiled).binary);
  ASSERT_NE(sass, "") << command << " does not read this binary";
  for (const char* part : GetParam().sass) EXPECT_NE(sass.find(part), std::string::npos) << part;
  EXPECT_EQ(sass.find("STL"), std::string::npos) << "stores to local memory";
}

const Case kCases[] = {
    {"mma_turing", "f16", "f16", "m,k", "k,n", "t4",
     "contraction cuda/mma block_m=128 block_n=64 block_k=32 warp_m=64 warp_n=32 vector_a=8 vector_b=8 "
     "vector_c=8",
     {"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32", "ldmatrix.sync.aligned.m8n8.x4.shared.b16",
      "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16", "ld.global.nc.v4.b32", "st.global.v4"},
     {"HMMA.1688.F32", "LDSM.16.M88.4", "LDSM.16.MT88.4", "LDG.E.128.CONSTANT", "STG.E.128"}},
    {"mma_ampere", "bf16", "bf16", "m,k", "k,n", "a100",
     "contraction cuda/mma block_m=128 block_n=128 block_k=32 warp_m=64 warp_n=64 stages=3 vector_a=8 "
     "vector_b=8 vector_c=8",
     {"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", "ldmatrix.sync.aligned.m8n8.x4.shared.b16",
      "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16", "cp.async.cg.shared.global", "st.global.v4"},
     {"HMMA.16816.F32.BF16", "LDSM.16.M88.4", "LDSM.16.MT88.4", "LDGSTS.E.BYPASS.LTC128B.128", "STG.E.128"}},
    {"mma_words", "tf32", "f32", "m,k", "n,k", "a100",
     "contraction cuda/mma block_m=128 block_n=64 block_k=32 warp_m=64 warp_n=32 stages=3 vector_a=4 "
     "vector_b=4 vector_c=4",
     {"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", "cvt.rna.tf32.f32"},
     {"HMMA.1688.F32.TF32", "LDSM.16.M88.4", "LDGSTS.E.BYPASS.LTC128B.128"}},
    {"mma_bytes", "i8", "i32", "m,k", "n,k", "a100",
     "contraction cuda/mma block_m=128 block_n=64 block_k=64 warp_m=64 warp_n=32 stages=3 vector_a=16 "
     "vector_b=16 vector_c=4",
     {"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32"},
     {"IMMA.16832.S8.S8", "LDSM.16.M88.4", "LDGSTS.E.BYPASS.LTC128B.128"}},
    {"wgmma", "bf16", "bf16", "m,k", "k,n", "h200",
     "contraction cuda/wgmma block_m=128 block_n=256 block_k=64 warp_m=16 warp_n=256 stages=4 cluster_m=2 "
     "producers=4 tensor_store=1 vector_c=2",
     {"wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16", "cp.async.bulk.tensor.2d",
      ".multicast::cluster", "mbarrier.try_wait.parity", "setmaxnreg.inc", "setmaxnreg.dec",
      "cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group", "fence.proxy.async"},
     {"HGMMA.64x256x16.F32.BF16", "UTMALDG.2D.MULTICAST", "UTMASTG.2D", "SYNCS", "USETMAXREG"}},
    {"wgmma_bytes", "f8e4m3", "f16", "m,k", "n,k", "h200",
     "contraction cuda/wgmma block_m=128 block_n=128 block_k=128 warp_m=16 warp_n=128 stages=4 producers=4 "
     "tensor_store=1 vector_c=2",
     {"wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3"}, {"QGMMA.64x128x32.F32.E4M3.E4M3", "UTMALDG.2D"}},
};

INSTANTIATE_TEST_SUITE_P(Kernels, Instructions, ::testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param.what); });

}  // namespace
}  // namespace perftune::testing
