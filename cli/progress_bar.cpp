#include "cli/progress_bar.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace perftune {

void ProgressBar::show(int done, int total, const std::string& text) {
  if (!context_.err_is_terminal || total <= 0) return;
  constexpr int kWidth = 24;
  const int filled = std::clamp(done * kWidth / total, 0, kWidth);
  std::string bar;
  for (int i = 0; i < kWidth; ++i) bar += i < filled ? "█" : "░";
  std::fputs(fmt::format("\r\033[K{} {}/{} {}", bar, done, total, text.substr(0, 90)).c_str(),
             context_.err);
  std::fflush(context_.err);
  shown_ = true;
}

void ProgressBar::clear() {
  if (shown_) std::fputs("\r\033[K", context_.err);
  shown_ = false;
}

}  // namespace perftune
