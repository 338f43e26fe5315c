# libperftune_executor, the part that ships in other people's products: what it may contain is listed
# here, file by file. No YAML, no model, no tuner, no compiler. Compiled again for size, with nothing
# exported but perftune.h.
set(shipped
  recipes/axis_inference.cpp
  recipes/binding.cpp
  recipes/definition.cpp
  recipes/dtype.cpp
  recipes/error.cpp
  recipes/expression.cpp
  recipes/functions.cpp
  recipes/hardware.cpp
  recipes/hardware_file.cpp
  recipes/index_arithmetic.cpp
  recipes/integer_formula.cpp
  recipes/lexer.cpp
  recipes/operator.cpp
  recipes/operator_part.cpp
  recipes/operator_points.cpp
  recipes/operator_template.cpp
  recipes/operator_text.cpp
  recipes/plain_text.cpp
  recipes/signature.cpp
  recipes/statement_binding.cpp
  recipes/strict_yaml.cpp
  recipes/syntax.cpp
  recipes/value_binding.cpp
  recipes/words.cpp
  recipes/work.cpp
  db/digest.cpp
  db/launchables.cpp
  db/open_to_read.cpp
  db/origins.cpp
  db/records.cpp
  db/rows.cpp
  db/schema_digest.cpp
  db/sha256.cpp
  db/sqlite.cpp
  executor/cpu_identity.cpp
  executor/cpu_cores.cpp
  executor/cuda_driver.cpp
  executor/cuda_launch.cpp
  executor/cuda_tensor_map.cpp
  executor/gpu_detect.cpp
  executor/loaded_library.cpp
  executor/nvrtc_library.cpp
  executor/parameter_block.cpp
  executor/vendor_library.cpp
  executor/thread_pool.cpp
  executor/library/bound_kernel.cpp
  executor/library/c_api.cpp
  executor/library/c_api_launch.cpp
  executor/library/cpu_runtime.cpp
  executor/library/cuda_runtime.cpp
  executor/library/handles.cpp
  executor/library/kernel_library.cpp
  executor/library/nearest.cpp
  executor/library/status.cpp
  executor/library/store_file.cpp
  executor/library/stored_code.cpp
  executor/library/tensor_check.cpp
  executor/library/this_device.cpp)
# Rules of launches: which tile programs are legal for a shape, and how to launch them there. What prints
# sources stays out, and so do the device headers, whose digest is in the code generator's version: that is
# written by a program of the build.
get_target_property(rules perftune_codegen SOURCES)
list(FILTER rules EXCLUDE REGEX "_files.cpp|bundle/|emulation/|vendor/.*_source|vendor/vendor_target.cpp|headers.cpp|version.cpp|^kernel.cpp")
list(FILTER rules EXCLUDE REGEX "emitter|_printer|_source|_text.cpp|row_names|row_addresses|shrink_|cuda_contraction|cuda/contraction_(simt|mma|wgmma)|row_simt")
list(TRANSFORM shipped PREPEND ${PROJECT_SOURCE_DIR}/)
list(TRANSFORM rules PREPEND ${PROJECT_SOURCE_DIR}/codegen/)
add_executable(perftune_write_version library/write_version.cpp)
target_link_libraries(perftune_write_version PRIVATE perftune_codegen)
set(version_text ${CMAKE_CURRENT_BINARY_DIR}/codegen_version.cpp)
add_custom_command(OUTPUT ${version_text} COMMAND perftune_write_version ${version_text}
                   DEPENDS perftune_write_version VERBATIM)

# What a store's schema is, without its texts: in the static layer, too (db/CMakeLists.txt).
set_source_files_properties(${PERFTUNE_THIS_SCHEMA} PROPERTIES GENERATED ON)
target_sources(perftune_executor PRIVATE ${PERFTUNE_THIS_SCHEMA})
add_dependencies(perftune_executor perftune_this_schema)

add_library(perftune_shared SHARED ${shipped} ${rules} ${version_text} ${PERFTUNE_THIS_SCHEMA})
add_dependencies(perftune_shared perftune_this_schema)
target_link_libraries(perftune_shared PRIVATE perftune_flags perftune_sqlite Threads::Threads ${CMAKE_DL_LIBS})
target_compile_definitions(perftune_shared PRIVATE PERFTUNE_VERSION="${PROJECT_VERSION}")
# Warnings stop the layers' own build of these files; -Os has false ones of its own.
target_compile_options(perftune_shared PRIVATE -Wno-error -Os -fvisibility=hidden -fvisibility-inlines-hidden
                       -ffunction-sections -fdata-sections -fno-rtti)
target_link_options(perftune_shared PRIVATE -Wl,--gc-sections -Wl,-z,noseparate-code
                    -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/library/exports.map)
if(NOT PERFTUNE_SANITIZE)
  # A fifth smaller: what several files instantiate or nothing calls is seen as a whole. GCC 12 makes wrong
  # code (moved strings are freed twice) where the link is given another optimisation level than the files.
  target_link_options(perftune_shared PRIVATE -Os)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # One partition, else inline functions stay once per partition; and a call that inlining makes one
    # instruction longer is inlined, as what it is called with mostly folds it away (a literal's length).
    target_link_options(perftune_shared PRIVATE -flto-partition=one --param=max-inline-insns-size=1)
    target_compile_options(perftune_shared PRIVATE --param=max-inline-insns-size=1)
  endif()
  set_target_properties(perftune_shared PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
endif()
set_target_properties(perftune_shared PROPERTIES OUTPUT_NAME perftune_executor
                      VERSION ${PROJECT_VERSION} SOVERSION 1
                      LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/library/exports.map)

# `cmake --install BUILD --component executor`: library, headers, a CMake package and a pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
target_include_directories(perftune_shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(perftune_shared PROPERTIES EXPORT_NAME executor)
install(TARGETS perftune_shared EXPORT perftune_executor
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT executor NAMELINK_COMPONENT executor)
install(FILES perftune.h perftune.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT executor)
install(EXPORT perftune_executor FILE perftune_executorConfig.cmake NAMESPACE perftune::
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/perftune_executor COMPONENT executor)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/perftune_executorConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH up_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(library/perftune_executor.pc.in perftune_executor.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/perftune_executorConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/perftune_executor COMPONENT executor)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/perftune_executor.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT executor)
