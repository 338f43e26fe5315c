// Our best program's predicted time beside what the library was measured to take, on the shapes of the
// bf16 sets: our_programs [--every N] [FOLDER].
//
// Every N-th row (default 40) of each set is constructed for all targets that the device has, as `tune`
// does, and predicted in the launch context in which the library was measured. Prints the geometric
// mean of predicted over measured, its spread, and every shape worse than twice the library with what
// limits it. Nothing here ran on a device: the model's own error is in docs/model.md.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include "cli/wire.hpp"
#include "codegen/contraction.hpp"
#include "costmodel/contraction_gpu.hpp"
#include "recipes/operator_file.hpp"
#include "reference_data.hpp"

namespace perftune::bench {
namespace {

struct Best {
  double us = 1e300;
  std::string program, limiter;
};

// As torch.nn.functional.linear has it: activations [m,k], weights [n,k].
Operator linear(const GemmRow& row) {
  return parse_operator_text(
             fmt::format("name: linear\ndims: {{m: {}, n: {}, k: {}}}\ninputs: {{A: \"bf16[m,k]\", B: "
                         "\"bf16[n,k]\"}}\noutputs: {{C: \"bf16[m,n]\"}}\ncompute:\n  - C[m,n] = "
                         "sum[k](A[m,k] * B[n,k])\n",
                         static_cast<std::int64_t>(row.m), static_cast<std::int64_t>(row.n),
                         static_cast<std::int64_t>(row.k)),
             "linear")
      .front()
      .op;
}

InstructionClass instruction_of(std::string_view target) {
  return target == "cuda/simt"  ? InstructionClass::simt
         : target == "cuda/mma" ? InstructionClass::mma
                                : InstructionClass::wgmma;
}

Best best_of(const GemmSet& set, const GemmRow& row, const Slices& slices) {
  constexpr int kWanted = 32;
  const Operator op = linear(row);
  const Contraction form = *canonicalise_contraction(op).form;
  Best best;
  for (const auto* slice : slices.for_hardware(set.hardware)) {
    if (slice->constructor->family() != "contraction") continue;
    std::string why_not;
    for (const auto& made : slice->constructor->construct(op, set.hardware, kWanted, why_not)) {
      const auto tiles = ContractionTiles::from(made.program);
      const Resources resources = slice->emitter->estimate(op, made.program, set.hardware);
      const PipelineProgram program{tiles, instruction_of(made.program.target),
                                    resources.registers, resources.shared_bytes};
      const PipelineTime time = contraction_time(contraction_work(op, form, tiles), program,
                                                 set.hardware, set.context, {});
      if (time.blocks_per_sm > 0 && time.total_us < best.us)
        best = {time.total_us, made.program.text(), to_prediction(time, 0).limiter};
    }
  }
  return best;
}

void report(const GemmSet& set, const Slices& slices, std::size_t every) {
  std::vector<double> ratios;
  std::string worse;
  for (std::size_t i = every / 2; i < set.rows.size(); i += every) {
    const GemmRow& row = set.rows[i];
    const Best best = best_of(set, row, slices);
    ratios.push_back(best.us / row.measured_us);
    if (ratios.back() > 2)
      worse += fmt::format("  m {} n {} k {}: {:.2f} us measured, {:.2f} predicted ({:.2f}x), limited by {}: {}\n",
                           row.m, row.n, row.k, row.measured_us, best.us, ratios.back(), best.limiter,
                           best.program);
  }
  double logs = 0;
  for (const double ratio : ratios) logs += std::log(ratio);
  std::sort(ratios.begin(), ratios.end());
  const auto at = [&](double q) { return ratios[static_cast<std::size_t>(q * static_cast<double>(ratios.size() - 1))]; };
  std::cout << fmt::format(
      "{}: {} of {} shapes; predicted over measured: geometric mean {:.3f}, median {:.3f}, 5 % {:.3f}, "
      "95 % {:.3f}, worst {:.3f}\n{}",
      set.name, ratios.size(), set.rows.size(), std::exp(logs / static_cast<double>(ratios.size())),
      at(0.5), at(0.05), at(0.95), at(1), worse) << std::flush;
}

}  // namespace
}  // namespace perftune::bench

int main(int argc, char** argv) try {
  using namespace perftune::bench;
  std::string folder = PERFTUNE_SOURCE_DIR "/../shared/data";
  std::size_t every = 40;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--every") == 0 && i + 1 < argc) every = std::stoul(argv[++i]);
    else folder = argv[i];
  }
  if (!std::filesystem::is_directory(folder)) {
    std::cout << "skipped: no reference data in " << folder << '\n';
    return 0;
  }
  const auto slices = perftune::make_slices();
  for (const GemmSet& set : read_bf16_gemms(folder)) report(set, slices, std::max<std::size_t>(1, every));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "our_programs: " << error.what() << '\n';
  return 1;
}
