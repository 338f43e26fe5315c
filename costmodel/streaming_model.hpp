// What a vendor library takes for operators that stream: elementwise maps, and programs that
// normalise rows (softmax, layer norm). DRAM decides; the question is how often it is read.
//
// A row kernel that needs its input more than once rereads it from L2 while the rows in flight
// fit, else from DRAM. Pure; thread-safe.
#pragma once

#include "costmodel/contraction_pipeline.hpp"

namespace perftune {

struct StreamingWork {
  double read_bytes = 0;   // every input once
  double write_bytes = 0;
  // Row kernels only: how often the kernel reads its rows, and the bytes of the rows in flight.
  double passes = 1;
  double in_flight_bytes = 0;
};

struct StreamingTime {
  double total_us = 0;
  double launch_us = 0;
  double dram_us = 0;
  double dram_bytes = 0;
};

StreamingTime streaming_time(const StreamingWork& work, const Hardware& hardware,
                             const LaunchContext& context, const GpuParameters& parameters);

// The kernels of PyTorch, as its traces name them, on `rows` x `columns` of fp32:
// softmax_warp_forward keeps up to 1,024 columns in registers; cunn_SoftMaxForward reads three
// times with a block of 256 or 512 threads per row; vectorized_layer_norm_kernel twice, with 128.
StreamingWork softmax_work(double rows, double columns, const Hardware& hardware);
StreamingWork layer_norm_work(double rows, double columns, const Hardware& hardware);
// `operands` tensors in, one out, `elements` each (a scalar operand is none).
StreamingWork elementwise_work(double elements, int operands);

}  // namespace perftune
