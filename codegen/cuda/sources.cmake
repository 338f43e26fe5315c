# Sources of the CUDA emitters, and the device headers that travel in the executable.
target_sources(perftune_codegen PRIVATE
  cuda/contraction_legality.cpp
  cuda/contraction_mma.cpp
  cuda/contraction_simt.cpp
  cuda/contraction_wgmma.cpp
  cuda/cuda_contraction.cpp
  cuda/headers.cpp
  cuda/launch_bound.cpp
  cuda/map_emitter.cpp
  cuda/map_source.cpp
  cuda/operand_printer.cpp
  cuda/problem_printer.cpp
  cuda/shrink_contraction.cpp
  cuda/simt_mapping.cpp
  cuda/simt_registers.cpp
  cuda/tensor_operand.cpp)
perftune_embed(perftune_codegen cuda_device_files
  cuda/arithmetic.cuh
  cuda/block_work.cuh
  cuda/contraction_epilogue.cuh
  cuda/contraction_mma.cuh
  cuda/contraction_simt.cuh
  cuda/contraction_wgmma.cuh
  cuda/fragments.cuh
  cuda/hopper.cuh
  cuda/indexing.cuh
  cuda/map.cuh
  cuda/partial_sums.cuh
  cuda/mma.cuh
  cuda/ptx.cuh
  cuda/scalar.cuh
  cuda/shared_tile.cuh
  cuda/tensor_tile.cuh
  cuda/tile_schedule.cuh
  cuda/types.cuh
  cuda/warpgroup_epilogue.cuh
  cuda/wgmma.cuh)
