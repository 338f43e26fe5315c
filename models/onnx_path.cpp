#include <algorithm>
#include <filesystem>

#include "models/onnx_file.hpp"

namespace perftune {

bool is_onnx_path(const std::string& path) {
  std::string suffix = std::filesystem::path(path).extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(), [](unsigned char c) { return std::tolower(c); });
  return suffix == ".onnx";
}

}  // namespace perftune
