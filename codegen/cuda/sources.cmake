# Sources of the CUDA emitters, and the device headers that travel in the executable.
target_sources(perftune_codegen PRIVATE
  cuda/headers.cpp)
perftune_embed(perftune_codegen cuda_device_files
  cuda/arithmetic.cuh
  cuda/ptx.cuh
  cuda/scalar.cuh
  cuda/types.cuh)
