// Judges the model on what others measured: model_accuracy [FOLDER] [--leave-one-out] [--seeds N]
//
// FOLDER holds the reference data (default: ../shared/data beside the checkout). Without it there
// is nothing to judge by, and the program says so and succeeds. docs/model.md names the public
// originals of every file.
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include "tables.hpp"

namespace {

int run(const std::string& folder, bool leave_one_out, int seeds) {
  using namespace perftune::bench;
  if (!std::filesystem::is_directory(folder)) {
    std::cout << "skipped: no reference data in " << folder << '\n';
    return 0;
  }
  const std::vector<GemmSet> bf16 = read_bf16_gemms(folder);
  std::cout << "Library GEMM, bf16\n" << gemm_table(bf16) << "\nLibrary GEMM, fp32\n"
            << gemm_table(read_fp32_gemms(folder)) << "\nLibrary kernels that stream, fp32\n"
            << streaming_table(read_fp32_streams(folder)) << std::flush;
  std::cout << "\nLearned correction\n" << learned_table(bf16) << std::flush;
  if (leave_one_out)
    std::cout << "\nShared parameters fitted on the other GPUs only\n" << leave_one_out_table(bf16) << std::flush;
  if (const auto space = read_kernel_tuner(folder + "/gemm_configs_rtx3090.json.gz"))
    std::cout << "\nReplay of a recorded space\n" << replay_table(*space, seeds);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  std::string folder = PERFTUNE_SOURCE_DIR "/../shared/data";
  bool leave_one_out = false;
  int seeds = 20;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--leave-one-out") == 0) leave_one_out = true;
    else if (std::strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) seeds = std::stoi(argv[++i]);
    else folder = argv[i];
  }
  return run(folder, leave_one_out, seeds);
} catch (const std::exception& error) {
  std::cerr << "model_accuracy: " << error.what() << '\n';
  return 1;
}
