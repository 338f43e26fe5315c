# The project's own target helpers: every folder is one static library with the same flags.
include_guard()
include(CTest)

add_library(perftune_flags INTERFACE)
target_include_directories(perftune_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(perftune_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wno-sign-conversion -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns of overlap inside std::string's own operator+ (GCC bug 105651), and, optimising, of
  # moved-from strings as uninitialised.
  target_compile_options(perftune_flags INTERFACE -Wno-restrict
                         $<$<CONFIG:Release>:-Wno-maybe-uninitialized>)
endif()
if(PERFTUNE_WERROR)
  target_compile_options(perftune_flags INTERFACE -Werror)
endif()
if(PERFTUNE_SANITIZE)
  target_compile_options(perftune_flags INTERFACE -fsanitize=${PERFTUNE_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(perftune_flags INTERFACE -fsanitize=${PERFTUNE_SANITIZE})
endif()
if(PERFTUNE_PORTABLE)
  target_link_options(perftune_flags INTERFACE -static-libstdc++ -static-libgcc)
endif()

# perftune_layer(NAME SOURCES... DEPENDS...): the folder's one library, `perftune_NAME`.
function(perftune_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(perftune_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(perftune_${name} PUBLIC perftune_flags ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
endfunction()

# perftune_embed(TARGET SYMBOL FILES...): compiles the text of FILES into TARGET as
#   std::span<const perftune::EmbeddedFile> perftune::SYMBOL();
# each with its path relative to the calling folder, so that the executable needs no file on disk.
function(perftune_embed target symbol)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE inputs)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DSYMBOL=${symbol} -DBASE=${CMAKE_CURRENT_SOURCE_DIR}
            "-DFILES=${ARGN}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()

# perftune_test(NAME SOURCES... [LABELS ...] [TIMEOUT ...] [LIBRARY_PATH FOLDER]): one GoogleTest executable, one ctest entry per case.
function(perftune_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;LIBRARY_PATH" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE perftune_flags ${ARG_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE PERFTUNE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             PERFTUNE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  set(properties TIMEOUT ${ARG_TIMEOUT})
  if(ARG_LIBRARY_PATH)  # before what is there: a CUDA in .deps stays in reach
    list(APPEND properties ENVIRONMENT_MODIFICATION LD_LIBRARY_PATH=path_list_prepend:${ARG_LIBRARY_PATH})
  endif()
  if(ARG_LABELS)
    list(APPEND properties LABELS ${ARG_LABELS})  # last: discovery drops all of a list but the first
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()
