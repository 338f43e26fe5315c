# Third-party libraries, all from the distribution. Vendor GPU libraries are headers at most:
# they are loaded at run time (executor/library.hpp), and their absence is a normal state.
include_guard()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(SQLite3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(ZLIB REQUIRED)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

add_library(perftune_yaml INTERFACE)
add_library(perftune_sqlite INTERFACE)
add_library(perftune_zlib INTERFACE)
add_library(perftune_fmt STATIC ${CMAKE_CURRENT_LIST_DIR}/fmt.cpp)
set_target_properties(perftune_fmt PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_features(perftune_fmt PUBLIC cxx_std_20)
target_include_directories(perftune_fmt SYSTEM PUBLIC
  $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)
if(PERFTUNE_PORTABLE)
  # Debian ships the archives, but yaml-cpp's CMake target names only the shared library.
  find_library(YAML_CPP_ARCHIVE libyaml-cpp.a REQUIRED)
  find_library(SQLITE_ARCHIVE libsqlite3.a REQUIRED)
  find_library(ZLIB_ARCHIVE libz.a REQUIRED)
  target_link_libraries(perftune_zlib INTERFACE ${ZLIB_ARCHIVE})
  target_link_libraries(perftune_yaml INTERFACE ${YAML_CPP_ARCHIVE})
  target_link_libraries(perftune_sqlite INTERFACE ${SQLITE_ARCHIVE} Threads::Threads ${CMAKE_DL_LIBS} m)
else()
  target_link_libraries(perftune_zlib INTERFACE ZLIB::ZLIB)
  target_link_libraries(perftune_yaml INTERFACE yaml-cpp)
  target_link_libraries(perftune_sqlite INTERFACE SQLite::SQLite3)
endif()

# CUDA headers: an installed toolkit, else the Python wheels that scripts/setup put in .deps/.
find_path(PERFTUNE_CUDA_INCLUDE cuda.h
          HINTS $ENV{CUDA_HOME}/include /usr/local/cuda/include
          PATHS /usr/local/cuda-13.0/include ${PROJECT_SOURCE_DIR}/.deps/cuda/include)
