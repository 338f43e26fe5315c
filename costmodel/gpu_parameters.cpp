#include "costmodel/gpu_parameters.hpp"

namespace perftune {

// Latencies in cycles at boost from pointer chases (Jia et al. 2018/2019 for V100 and T4; Luo et
// al. 2402.13499 and chips-and-cheese for later parts), divided by the clock. L2 widths: measured
// bandwidth / (SMs x clock): V100 2330 GB/s, A100 5400, H100 7100, H200 9885 (shared gpus table).
MemoryPath memory_path(int compute_capability) {
  if (compute_capability < 75) return {140, 450, 19, false, 1, 1.1};
  if (compute_capability < 80) return {140, 420, 20, true, 1, 1.1};
  if (compute_capability < 86) return {180, 470, 36, false, 1.5, 1};
  if (compute_capability < 89) return {150, 480, 20, true, 1, 1.1};
  if (compute_capability < 90) return {130, 480, 17, true, 1, 0.65};
  if (compute_capability < 100) return {150, 480, 37, false, 1.5, 0.65};
  return {180, 500, 37, false, 1.5, 0.6};
}

}  // namespace perftune
