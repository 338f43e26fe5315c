#include "bench/cpu_gemm/arena.hpp"

#include <utility>
#include <vector>

#include "recipes/error.hpp"

namespace perftune::bench {

Arena::Arena(const Operator& op, const Hardware& hardware, int threads)
    : verifier_(op, 1), device_(hardware, threads, threads > 1) {
  std::vector<std::span<const std::byte>> inputs;
  for (const auto& input : verifier_.inputs()) inputs.emplace_back(input);
  device_.load(op, inputs);
}

Contender Arena::contender(std::string name, const CompiledKernel& kernel, const Launch& launch) {
  Failure failure;
  auto prepared = device_.prepare(kernel, launch, failure);
  if (!prepared) throw Error(ErrorKind::internal, name + ": " + failure.detail);
  kernels_.push_back(std::move(*prepared));
  return {std::move(name), [&call = kernels_.back()] { call.call(); }, {}};
}

float* Arena::data(int tensor) { return reinterpret_cast<float*>(device_.tensor(tensor).data()); }

void Arena::verify(const CompiledKernel& kernel, const Launch& launch, const std::string& what) {
  if (const auto failure = verifier_.check(device_, kernel, launch))
    throw Error(ErrorKind::internal, what + ": " + failure->detail);
}

}  // namespace perftune::bench
