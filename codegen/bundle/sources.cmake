# Kernels as files that need nothing of perftune (`perftune export`).
target_sources(perftune_codegen PRIVATE
  bundle/bundle.cpp
  bundle/c_header.cpp
  bundle/check_main.cpp
  bundle/host_launch.cpp
  bundle/standalone.cpp)
perftune_embed(perftune_codegen bundle_fixed_files
  bundle/check.hpp)
