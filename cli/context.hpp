// What a command sees of the outside: streams, environment and how to show things. Made once in
// main.cpp, passed by reference; no command reads the environment or prints elsewhere.
#pragma once

#include <atomic>
#include <cstdio>
#include <string>
#include <vector>

namespace perftune {

struct Context {
  std::FILE* out = nullptr;        // data
  std::FILE* err = nullptr;        // progress and diagnostics
  bool err_is_terminal = false;    // a progress bar only then
  bool colour = false;             // terminal and no NO_COLOR
  bool unicode = false;            // the locale is UTF-8
  std::string database_default;    // $PERFTUNE_DB, else $XDG_DATA_HOME/perftune/perftune.db
  std::string cache_folder;        // $XDG_CACHE_HOME/perftune: calibration of this machine
  std::string driver_folder;       // $PERFTUNE_DRIVER: searched first for libcuda.so.1
  std::string powercap;            // $PERFTUNE_POWERCAP: instead of /sys/class/powercap
  std::string path;                // $PATH, where the host compiler is looked for
  std::string cuda_home;           // $CUDA_HOME, may be empty
  std::string cuda_only;           // $PERFTUNE_CUDA: the only folder to look for CUDA in
  std::string preferred_compiler;  // $CXX, may be empty
  std::string temporary_parent;    // $TMPDIR, else /tmp: where compilers get their folders
  std::string executable;          // /proc/self/exe: workers are this program again
  std::vector<std::string> driver_environment;  // "NAME=value" of what decides which GPU and driver there are
  const std::atomic<bool>* interrupted = nullptr;  // set by Ctrl-C

  int exit_code = 0;               // set by a command that did its work but not all of it

  void print(const std::string& text) const { std::fputs(text.c_str(), out); }
  void say(const std::string& text) const { std::fputs((text + "\n").c_str(), err); }
};

}  // namespace perftune
