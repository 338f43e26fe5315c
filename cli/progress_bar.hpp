// One line on a terminal that says how far a long command is; nothing at all elsewhere.
#pragma once

#include <string>

#include "cli/context.hpp"

namespace perftune {

class ProgressBar {
 public:
  explicit ProgressBar(const Context& context) : context_(context) {}
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(int done, int total, const std::string& text);
  void clear();  // before anything else is written to stderr

 private:
  const Context& context_;
  bool shown_ = false;
};

}  // namespace perftune
