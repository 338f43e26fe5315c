# Sources of the CPU emitters: target_sources(perftune_codegen PRIVATE cpu/...)
