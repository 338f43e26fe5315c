# Routines of vendors' libraries as kernels.
target_sources(perftune_codegen PRIVATE
  vendor/product_emitter.cpp
  vendor/product_source.cpp)
