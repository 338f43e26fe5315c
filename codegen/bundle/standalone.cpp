// The kernel's text with its headers inlined and its names its own.
#include <algorithm>
#include <cctype>
#include <set>

#include "codegen/bundle/bundle.hpp"
#include "codegen/cpu/headers.hpp"
#include "codegen/cuda/headers.hpp"

namespace perftune {
namespace {

class Inliner {
 public:
  explicit Inliner(const std::vector<DeviceHeader>& headers) : headers_(headers) {}

  std::string inlined(std::string_view text) {
    std::string out;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(end);
      if (line.starts_with("#pragma once")) continue;
      if (line.starts_with("#include \"")) out += once(line.substr(10, line.rfind('"') - 10));
      else out += line;
    }
    return out;
  }

 private:
  // Headers name each other with or without the folder.
  std::string once(std::string_view name) {
    const std::string_view file = name.substr(name.rfind('/') + 1);
    for (const DeviceHeader& header : headers_) {
      if (std::string_view(header.name).substr(header.name.rfind('/') + 1) != file) continue;
      return seen_.insert(header.name).second ? inlined(header.text) : "";
    }
    return "#error \"no header " + std::string(file) + "\"\n";
  }

  const std::vector<DeviceHeader>& headers_;
  std::set<std::string> seen_;
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string with_word_replaced(const std::string& text, const std::string& word, const std::string& by) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at > 0 && is_word(text[at - 1])) || (end < text.size() && is_word(text[end]))) continue;
    out += text.substr(from, at - from) + by;
    from = end;
  }
  return out + text.substr(from);
}

}  // namespace

std::string comment_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view(" _=.,:;()[]<>+-%|").find(c) != std::string_view::npos;
    out += plain ? c : '?';
  }
  return out;
}

std::string bundle_name(const Operator& op, const Kernel& kernel) {
  std::string name;
  for (const char c : op.name.substr(0, 40)) {
    const auto u = static_cast<unsigned char>(c);
    name += u < 0x80 && std::isalnum(u) != 0 ? static_cast<char>(std::tolower(u)) : '_';
  }
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) name = "kernel_" + name;
  if (name.front() == '_') name = "kernel" + name;
  return name + "_" + kernel.id().substr(0, 8);
}

Kernel standalone_kernel(const Kernel& kernel, const std::string& name) {
  const bool cuda = kernel.language == Kernel::Language::cuda;
  Inliner inliner(cuda ? cuda_device_headers() : cpu_device_headers());
  Kernel alone = kernel;
  alone.entry = name + "_kernel";
  // After inlining: a header file may be called like the entry.
  alone.source = "namespace " + name + " {\n\n" +
                 with_word_replaced(inliner.inlined(kernel.source), kernel.entry, alone.entry) +
                 "\n}  // namespace " + name + "\n";
  return alone;
}

}  // namespace perftune
