// Hardware values for tests of the models: constructed here, so that no file decides a result.
#pragma once

#include "recipes/hardware.hpp"

namespace perftune {

inline Hardware sample_a100() {
  Hardware hw;
  hw.name = "a100-like";
  hw.compute_capability = 80;
  hw.sms = 108;
  hw.boost_ghz = hw.tensor_ghz = 1.41;
  hw.sm = {2048, 64, 32, 1024, 65536, 65536, 255, 256, 167936, 49152, 166912, 1024, 128, 4, 128};
  hw.dram_gbps = 2039;
  hw.l2_mib = 40;
  hw.scalar_tflops = {{DType::f32, 19.5}, {DType::f64, 9.7}};
  hw.tensor_tflops = {{DType::f16, 312}, {DType::bf16, 312}};
  hw.launch_us_stream = 2.6;
  hw.launch_us_graph = 1.31;
  return hw;
}

inline Hardware sample_t4() {
  Hardware hw;
  hw.name = "t4-like";
  hw.compute_capability = 75;
  hw.sms = 40;
  hw.boost_ghz = hw.tensor_ghz = 1.59;
  hw.sm = {1024, 32, 16, 1024, 65536, 65536, 255, 256, 65536, 49152, 65536, 0, 256, 4, 128};
  hw.dram_gbps = 320;
  hw.l2_mib = 4;
  hw.scalar_tflops = {{DType::f32, 8.1}};
  hw.tensor_tflops = {{DType::f16, 65}};
  hw.launch_us_stream = 3;
  hw.launch_us_graph = 1.5;
  return hw;
}

}  // namespace perftune
