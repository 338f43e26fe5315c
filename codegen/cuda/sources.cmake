# Sources of the CUDA emitters: target_sources(perftune_codegen PRIVATE cuda/...)
