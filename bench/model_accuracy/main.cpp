// Judges the model on what others measured, and says of every goal whether it is met:
//
//   model_accuracy [FOLDER] [--quick] [--seeds N]
//   model_accuracy [FOLDER] --rows FILE.csv
//
// --rows: only writes every library GEMM with its prediction, program and stages.
// --quick: without fitting anew for every GPU left out, which takes minutes.
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

int dump(const std::string& folder, const std::string& file) {
  using namespace perftune::bench;
  std::vector<GemmSet> sets = read_bf16_gemms(folder);
  for (GemmSet& set : read_fp32_gemms(folder)) sets.push_back(std::move(set));
  std::cout << write_rows(sets, file) << " rows in " << file << '\n';
  return 0;
}

int run(const std::string& folder, bool quick, int seeds) {
  using namespace perftune::bench;
  Goals goals;
  std::cout << "CPU target, recorded\n" << cpu_table(PERFTUNE_SOURCE_DIR "/bench/cpu_spaces/recording", goals) << std::flush;
  if (!std::filesystem::is_directory(folder)) {
    std::cout << "\nthe rest is skipped: no reference data in " << folder << '\n';
    return 0;
  }
  const std::vector<GemmSet> bf16 = read_bf16_gemms(folder);
  std::cout << "\nLibrary GEMM, bf16\n" << gemm_table(bf16, goals) << "\nLibrary GEMM, fp32\n" << std::flush
            << gemm_table(read_fp32_gemms(folder), goals) << "\nLibrary kernels that stream, fp32\n"
            << streaming_table(read_fp32_streams(folder), goals) << std::flush;
  std::cout << "\nLearned correction\n" << learned_table(bf16, goals) << std::flush;
  if (const auto space = read_kernel_tuner(folder + "/gemm_configs_rtx3090.json.gz"))
    std::cout << "\nReplay of a recorded space\n" << replay_table(*space, seeds, goals) << std::flush;
  if (!quick)
    std::cout << "\nShared parameters fitted on the other GPUs only\n" << leave_one_out_table(bf16, goals) << std::flush;
  std::cout << "\nAll goals\n" << goal_table(goals);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  std::string folder = PERFTUNE_SOURCE_DIR "/../shared/data";
  bool quick = false;
  int seeds = 100;
  std::string rows;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    else if (std::strcmp(argv[i], "--rows") == 0 && i + 1 < argc) rows = argv[++i];
    else if (std::strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) seeds = std::stoi(argv[++i]);
    else folder = argv[i];
  }
  return rows.empty() ? run(folder, quick, seeds) : dump(folder, rows);
} catch (const std::exception& error) {
  std::cerr << "model_accuracy: " << error.what() << '\n';
  return 1;
}
