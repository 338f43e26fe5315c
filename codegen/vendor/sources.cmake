# Routines of vendors' libraries as kernels.
target_sources(perftune_codegen PRIVATE
  vendor/cublas_lt_emitter.cpp
  vendor/cublas_lt_rules.cpp
  vendor/cublas_lt_source.cpp
  vendor/product_emitter.cpp
  vendor/product_rules.cpp
  vendor/product_source.cpp
  vendor/vendor_target.cpp)
