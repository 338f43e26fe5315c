// How a CPU kernel uses threads: the pool is passed in, so that kernels link no threading library.
//
// Includes nothing: emitted sources take it as "perftune/pool.hpp", the executor as
// "codegen/cpu/device/pool.hpp". Entry points have the signature
//   extern "C" void ENTRY(const void* params, const PerftunePool* pool);
#pragma once

struct PerftunePool {
  int threads;
  void* context;
  // Runs task(argument, i) once for every i in [0, count), on thread i % threads, and returns
  // when all are done. The caller is thread 0. Calls do not nest.
  void (*run)(void* context, int count, void (*task)(void* argument, int index), void* argument);
};
