# Sources of the CPU emitters, and the device headers that travel in the executable.
target_sources(perftune_codegen PRIVATE
  cpu/contraction_emitter.cpp
  cpu/contraction_operand.cpp
  cpu/contraction_source.cpp
  cpu/cpu_tiles.cpp
  cpu/headers.cpp
  cpu/map_emitter.cpp
  cpu/map_source.cpp
  cpu/row_addresses.cpp
  cpu/row_emitter.cpp
  cpu/row_scratch.cpp
  cpu/row_source.cpp
  cpu/row_stage.cpp
  cpu/row_tiles.cpp)
perftune_embed(perftune_codegen cpu_device_files
  cpu/device/contraction.hpp
  cpu/device/contraction_axpy.hpp
  cpu/device/contraction_dot.hpp
  cpu/device/contraction_pack.hpp
  cpu/device/contraction_stage.hpp
  cpu/device/contraction_store.hpp
  cpu/device/contraction_tile.hpp
  cpu/device/lanes.hpp
  cpu/device/crossing.hpp
  cpu/device/map.hpp
  cpu/device/math.hpp
  cpu/device/pool.hpp
  cpu/device/row.hpp
  cpu/device/row_columns.hpp
  cpu/device/row_strips.hpp
  cpu/device/stage.hpp
  cpu/device/scalar.hpp
  cpu/device/simd.hpp
  cpu/device/storage.hpp
  cpu/device/vector_storage.hpp)
