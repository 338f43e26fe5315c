// What a vendor library takes for operators that stream: elementwise maps, and programs that
// normalise rows (softmax, layer norm).
//
// DRAM decides, and for rows two things more: how often a row is read from DRAM (it is read again from L1
// or L2 while the rows at work fit), and how many rows are at work, each of which takes a block's start, its
// sums and a chain of loads however short it is. Pure; thread-safe.
#pragma once

#include "costmodel/contraction_pipeline.hpp"

namespace perftune {

// A kernel that works on one row per block, or on one per warp.
struct RowKernel {
  double rows = 0;            // 0: no rows, an elementwise map
  double row_bytes = 0;
  double passes = 1;          // how often the kernel reads a row
  double loads_in_turn = 0;   // per pass: a thread's loads that wait for one another
  double cycles = 0;          // of one row's arithmetic that nothing in the row overlaps
  int threads = 32;           // of a block
  int registers = 32;         // of a thread
  int rows_per_block = 1;
};

struct StreamingWork {
  double read_bytes = 0;  // every input once
  double write_bytes = 0;
  RowKernel row{};
};

struct StreamingTime {
  double total_us = 0;
  double launch_us = 0;
  double dram_us = 0;
  double rows_us = 0;     // rows one after another in every place that an SM has for them; 0 without rows
  double dram_bytes = 0;
};

StreamingTime streaming_time(const StreamingWork& work, const Hardware& hardware,
                             const LaunchContext& context, const GpuParameters& parameters);

// The kernels of PyTorch, as its traces name them, on `rows` x `columns` of fp32: softmax_warp_forward keeps up
// to 1,024 columns in registers of one warp; cunn_SoftMaxForward reads three times with a block of 256 or 512
// threads per row, four columns a thread and what is left one by one; vectorized_layer_norm_kernel twice, with 128.
StreamingWork softmax_work(double rows, double columns);
StreamingWork layer_norm_work(double rows, double columns);
// `operands` tensors in, one out, `elements` each (a scalar operand is none).
StreamingWork elementwise_work(double elements, int operands);

}  // namespace perftune
