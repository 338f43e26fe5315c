#include "codegen/cuda/cuda_contraction.hpp"

#include "codegen/cuda/contraction_arguments.hpp"
#include "codegen/cuda/problem_printer.hpp"
#include "codegen/cuda/shrink_contraction.hpp"

namespace perftune {

std::string CudaContractionEmitter::source(const Contraction& form, const TileProgram& program,
                                           const Hardware& hardware, const ContractionPlan& plan) const {
  const auto tiles = ContractionTiles::from(program);
  const ArgumentList arguments = cuda_contraction_arguments(form, tiles, plan.tensor_copies, plan.persistent);
  ProblemPrinter problem(form, tiles, arguments);
  const std::string body = tiles_text(form, tiles, plan) +
                           problem.operands(plan.a_along_k, plan.b_along_k, plan.tensor_copies) + problem.finish();
  return problem.source(program, hardware, code_.header, code_.entry, code_.kernel, body, plan.min_blocks);
}

Kernel CudaContractionEmitter::emit(const Operator& op, const TileProgram& program,
                                    const Hardware& hardware) const {
  const Contraction form = cuda_contraction(op);
  const auto tiles = ContractionTiles::from(program);
  const ContractionPlan plan = rules_->plan(form, tiles, hardware);
  Kernel kernel;
  kernel.program = program;
  kernel.entry = code_.entry;
  kernel.source = source(form, program, hardware, plan);
  kernel.arguments = cuda_contraction_arguments(form, tiles, plan.tensor_copies, plan.persistent).arguments();
  kernel.threads_per_block = tiles.threads();
  kernel.min_blocks_per_sm = plan.min_blocks;
  return kernel;
}

Operator CudaContractionEmitter::shrink(const Operator& op, const TileProgram& program) const {
  const auto tiles = ContractionTiles::from(program);
  Hardware any;  // the text's dependence on it is the same on both sides
  any.compute_capability = 80;
  const auto text = [&](const Contraction& form) {
    return source(form, program, any, rules_->plan(form, tiles, any));
  };
  const std::string full = text(cuda_contraction(op));
  return shrink_contraction(op, tiles, [&](const Contraction& form) {
    return !rules_->misaligned(form, tiles, rules_->plan(form, tiles, any)) && text(form) == full;
  });
}

}  // namespace perftune
